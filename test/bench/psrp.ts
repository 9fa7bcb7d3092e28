import { SaxesParser } from 'saxes'
import { createOnlineTransport } from '../../src/connector/online/rest.ts'
import { readClixml } from '../../src/connector/onprem/clixml-reader.ts'
import { createOnPremisesTransport } from '../../src/connector/onprem/onpremises.ts'
import { toRow } from '../../src/connector/onprem/rows.ts'
import type { Transport } from '../../src/connector/transport.ts'
import { runCmdlet } from '../../src/sandbox/exchange/cmdlets.ts'
import { foundOrganization, NewOrganizationSchema } from '../../src/sandbox/exchange/control/organizations.ts'
import { writeRow } from '../../src/sandbox/exchange/powershell/records.ts'
import { createTokens } from '../../src/tokens.ts'
import type { Connection } from '../connector/contract.ts'
import { alternate, atLeast, type Bench, noTarget } from './bench.ts'
import { startChild } from './child.ts'

const usual = 10_000

/** Megabytes per second of processor time: other work on the machine does not count. */
function speed(bytes: number, work: () => void) {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return bytes / (user + system)
}

function devicesAsClixml(devices: number) {
  const about = NewOrganizationSchema.parse({ name: 'Bench', kind: 'onPremises', devices })
  const organization = foundOrganization(about, Date.now())
  const call = { cmdlet: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } }
  const result = runCmdlet(call, { organization, now: Date.now(), requestor: 'bench' })
  const table = result.confirmation === undefined ? result.table : undefined
  return table?.keys.map((_, row) => writeRow(table, row, 'MobileDevice')) ?? []
}

/** Devices from CLIXML to rows, beside a bare saxes over the same bytes; higher is better. */
export const clixml: Bench = {
  name: 'clixml',
  async run(plan) {
    const documents = devicesAsClixml(plan.sized(usual))
    const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0)
    /** Each row is let go before the next, as a connector does. */
    const speedOf = (read: (document: string) => unknown) => () =>
      speed(bytes, () => {
        for (const document of documents) read(document)
      })
    const compared = await alternate(
      plan,
      speedOf((document) => toRow(readClixml(document))),
      speedOf((document) => new SaxesParser({ position: false }).write(document).close()),
    )
    return [{ name: 'clixml: Get-MobileDevice', ...compared, unit: 'MB/s', target: atLeast(0.5) }]
  },
}

async function devicesPerSecond(transport: Transport, devices: number) {
  const start = performance.now()
  let count = 0
  const cmdlet = { name: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } }
  for await (const row of transport.invoke(cmdlet, AbortSignal.timeout(120_000))) if (row.Guid) count += 1
  if (count !== devices) throw new Error(`${count} of ${devices} devices`)
  return (count / (performance.now() - start)) * 1000
}

/** A full read over the PSRP door beside one over the REST door, of a sandbox in a process of its own. */
export const psrp: Bench = {
  name: 'psrp',
  async run(plan) {
    const devices = plan.sized(usual)
    await using sandbox = await startChild(new URL('../../src/sandbox/exchange/index.ts', import.meta.url))
    const found = async (kind: string): Promise<Connection> => {
      const body = JSON.stringify({ name: kind, kind, devices })
      return (await fetch(`${sandbox.url}/_sandbox/organizations`, { method: 'POST', body })).json()
    }
    const { address, user, password } = await found('onPremises')
    await using closing = new AsyncDisposableStack()
    const onPremises = createOnPremisesTransport({ address, credential: { user, password } })
    closing.defer(onPremises.close)
    const { tenant, clientId, secret, ...cloud } = await found('online')
    const tokens = createTokens({
      login: `${cloud.authority}/${tenant}`,
      scope: `${cloud.address}/.default`,
      identity: { clientId, secret },
      now: () => new Date(),
    })
    const online = createOnlineTransport({ address: cloud.address, tenant, tokens, warn: () => {} })
    closing.defer(online.close)
    const read = (transport: Transport) => () => devicesPerSecond(transport, devices)
    const compared = await alternate(plan, read(onPremises), read(online))
    return [{ name: 'psrp: full read', ...compared, unit: 'devices/s', target: noTarget }]
  },
}
