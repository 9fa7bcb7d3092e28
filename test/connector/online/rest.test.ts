import { createOnlineTransport } from '../../../src/connector/online/rest.ts'
import { createTokens } from '../../../src/tokens.ts'
import { behavesLikeATransport } from '../contract.ts'

const soon = async () => {}

describe('connector/online', () => {
  behavesLikeATransport({
    kind: 'online',
    connect: ({ address, authority, tenant, clientId, secret }, warn) =>
      createOnlineTransport({
        address,
        tenant,
        warn,
        wait: soon,
        tokens: createTokens({
          login: `${authority}/${tenant}`,
          scope: `${address}/.default`,
          identity: { clientId, secret },
          now: () => new Date(),
        }),
      }),
  })
})
