import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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

/** One line of the benchmark: higher numbers are better. */
export interface Measured {
  readonly name: string
  readonly ours: number
  readonly baseline: number
  readonly unit: string
  readonly target: string
}

const devices = 10_000
const rounds = 9

/** Megabytes per second of processor time: other work on the machine does not count. */
function speed(bytes: number, work: () => void) {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return bytes / (user + system)
}

const median = (numbers: readonly number[]) => numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? 0

function devicesAsClixml() {
  const about = NewOrganizationSchema.parse({ name: 'Bench', kind: 'onPremises', devices })
  const organization = foundOrganization(about, Date.now())
  const call = { cmdlet: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } }
  const result = runCmdlet(call, { organization, now: Date.now(), requestor: 'bench' })
  const table = result.confirmation === undefined ? result.table : undefined
  return table?.keys.map((_, row) => writeRow(table, row, 'MobileDevice')) ?? []
}

/** Devices from CLIXML to rows, against a bare saxes over the same bytes, in turns. */
export function measureDecoding(): Measured {
  const documents = devicesAsClixml()
  const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0)
  const runs = Array.from({ length: rounds }, () => ({
    baseline: speed(bytes, () => {
      for (const document of documents) new SaxesParser({ position: false }).write(document).close()
    }),
    ours: speed(bytes, () => {
      for (const document of documents) toRow(readClixml(document))
    }),
  }))
  const [ours, baseline] = [median(runs.map((run) => run.ours)), median(runs.map((run) => run.baseline))]
  return { name: 'clixml', ours, baseline, unit: 'MB/s', target: 'at least half of bare saxes' }
}

async function devicesPerSecond(transport: Transport) {
  const start = performance.now()
  let count = 0
  const cmdlet = { name: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } }
  for await (const row of transport.invoke(cmdlet, AbortSignal.timeout(120_000))) if (row.Guid) count += 1
  return (count / (performance.now() - start)) * 1000
}

/** A full read over the PSRP door against one over the REST door, of a sandbox in a process of its own. */
export async function measureReading(): Promise<Measured> {
  const sandbox = spawn(process.execPath, [join(import.meta.dirname, '../../src/sandbox/exchange/index.ts')])
  try {
    const [line] = await once(createInterface(sandbox.stdout), 'line')
    const base = String(line).split(' ').at(-1)
    const found = async (kind: string): Promise<Connection> => {
      const body = JSON.stringify({ name: kind, kind, devices })
      return (await fetch(`${base}/_sandbox/organizations`, { method: 'POST', body })).json()
    }
    const { address, user, password } = await found('onPremises')
    const onPremises = createOnPremisesTransport({ address, credential: { user, password } })
    const { tenant, clientId, secret, ...cloud } = await found('online')
    const tokens = createTokens({
      login: `${cloud.authority}/${tenant}`,
      scope: `${cloud.address}/.default`,
      identity: { clientId, secret },
      now: () => new Date(),
    })
    const online = createOnlineTransport({ address: cloud.address, tenant, tokens, warn: () => {} })
    const runs: { ours: number; baseline: number }[] = []
    for (let round = 0; round < 3; round++)
      runs.push({ ours: await devicesPerSecond(onPremises), baseline: await devicesPerSecond(online) })
    await onPremises.close()
    const [ours, baseline] = [median(runs.map((run) => run.ours)), median(runs.map((run) => run.baseline))]
    return { name: 'psrp-read', ours, baseline, unit: 'devices/s', target: 'to be seen beside the REST door' }
  } finally {
    sandbox.kill()
  }
}
