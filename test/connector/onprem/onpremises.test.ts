import { createOnPremisesTransport } from '../../../src/connector/onprem/onpremises.ts'
import { behavesLikeATransport } from '../contract.ts'

describe('connector/onprem', () => {
  behavesLikeATransport({
    kind: 'onPremises',
    connect: ({ address, user, password }, warn) =>
      createOnPremisesTransport({ address, credential: { user, password }, warn }),
  })
})
