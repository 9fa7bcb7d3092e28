import { z } from 'zod'
import { BotError } from '../errors.ts'
import type { Exemption } from '../inventory/device.ts'
import { DeviceRowSchema, deviceProperties, StatisticsRowSchema } from './cmdlets/devices.ts'
import { AccessRowSchema, accessProperties, MailboxRowSchema, mailboxProperties } from './cmdlets/mailboxes.ts'
import { CommandRowSchema, OrganizationRowSchema, ServerRowSchema } from './cmdlets/organization.ts'
import { type Cmdlet, Refusal, type Transport, type Value } from './transport.ts'

export type Exchange = ReturnType<typeof createExchange>

export interface ExchangeOptions {
  readonly transport: Transport
  /** Whether Set-CASMailbox can end an automatic block. */
  readonly hasAutoBlock?: boolean
}

/** Compiled, as there are hundreds of thousands of these rows. */
const DeviceRow = z.compile(DeviceRowSchema)
const AccessRow = z.compile(AccessRowSchema)
const MailboxRow = z.compile(MailboxRowSchema)

/** Told of a row that cannot be read; without it such a row is an error. */
export type Unreadable = (cmdlet: string, error: z.ZodError) => void

/** The cmdlets that Device Desk uses, typed and in its own words, over any transport. Every call throws as `invoke` does. */
export function createExchange({ transport, hasAutoBlock = false }: ExchangeOptions) {
  async function* rows<S extends z.ZodType>(
    schema: S,
    cmdlet: Cmdlet,
    signal: AbortSignal,
    unreadable?: Unreadable,
  ): AsyncIterable<z.output<S>> {
    for await (const row of transport.invoke(refuseEmpty(cmdlet), signal)) {
      const { data, error } = schema.safeParse(row)
      if (error === undefined) yield data
      else if (unreadable) unreadable(cmdlet.name, error)
      else
        throw new BotError('EXCHANGE_REFUSED', `it answered ${cmdlet.name} in a way that cannot be read.`, {
          cause: new Refusal('other', whereOf(error)),
        })
    }
  }

  async function one<S extends z.ZodType>(
    schema: S,
    cmdlet: Cmdlet,
    signal: AbortSignal,
    isIt: (row: z.output<S>) => boolean = () => true,
  ): Promise<z.output<S>> {
    for await (const row of rows(schema, cmdlet, signal)) if (isIt(row)) return row
    const nothing = `it answered ${cmdlet.name} with nothing.`
    throw new BotError('EXCHANGE_REFUSED', nothing, { cause: new Refusal('notFound', nothing) })
  }

  async function run(name: string, parameters: Cmdlet['parameters'], signal: AbortSignal): Promise<void> {
    for await (const _ of transport.invoke(refuseEmpty({ name, parameters }), signal)) {
      // A write has nothing to say but that it ended.
    }
  }

  const unlimited = { ResultSize: 'Unlimited' }

  return {
    /** All devices, or those of a server-side OPATH filter or an organizational unit. */
    devices: (where: { filter?: string; unit?: string | undefined }, signal: AbortSignal, unreadable?: Unreadable) =>
      rows(
        DeviceRow,
        {
          name: 'Get-MobileDevice',
          parameters: defined({ ...unlimited, Filter: where.filter, OrganizationalUnit: where.unit }),
          select: deviceProperties,
        },
        signal,
        unreadable,
      ),

    /** One device and no other: an Identity that does not exist may show every device (Get-MobileDevice, -Identity). */
    device: (guid: string, signal: AbortSignal, more: Pick<Cmdlet, 'together'> = {}) =>
      one(
        DeviceRow,
        { name: 'Get-MobileDevice', parameters: { Identity: guid }, ...more },
        signal,
        ({ device }) => device.guid === guid.toLowerCase(),
      ),

    /** Statistics of all devices of one mailbox, which Exchange opens for it. */
    statistics: (mailbox: string, signal: AbortSignal, unreadable?: Unreadable) =>
      rows(
        StatisticsRowSchema,
        { name: 'Get-MobileDeviceStatistics', parameters: { Mailbox: mailbox }, together: true },
        signal,
        unreadable,
      ),

    /** Mailboxes that have devices, and what they may connect with. */
    accessOfAll: (unit: string | undefined, signal: AbortSignal, unreadable?: Unreadable) =>
      rows(
        AccessRow,
        {
          name: 'Get-CASMailbox',
          parameters: defined({
            ...unlimited,
            Filter: "HasActiveSyncDevicePartnership -eq 'True'",
            OrganizationalUnit: unit,
          }),
          select: accessProperties,
        },
        signal,
        unreadable,
      ),

    access: (mailbox: string, signal: AbortSignal) =>
      one(AccessRow, { name: 'Get-CASMailbox', parameters: { Identity: mailbox }, together: true }, signal),

    mailboxes: (unit: string | undefined, signal: AbortSignal, unreadable?: Unreadable) =>
      rows(
        MailboxRow,
        {
          name: 'Get-Mailbox',
          parameters: defined({ ...unlimited, OrganizationalUnit: unit }),
          select: mailboxProperties,
        },
        signal,
        unreadable,
      ),

    mailbox: (mailbox: string, signal: AbortSignal) =>
      one(MailboxRow, { name: 'Get-Mailbox', parameters: { Identity: mailbox }, together: true }, signal),

    /** The servers of an on-premises organization. */
    servers: (signal: AbortSignal) => rows(ServerRowSchema, { name: 'Get-ExchangeServer', parameters: {} }, signal),

    /** The organization in Exchange Online. */
    organization: (signal: AbortSignal) =>
      one(OrganizationRowSchema, { name: 'Get-OrganizationConfig', parameters: {} }, signal),

    /** What the session of an account has on premises: a cmdlet that it may not run does not exist for it. */
    commands: (signal: AbortSignal) =>
      rows(CommandRowSchema, { name: 'Get-Command', parameters: {} }, signal, () => {}),

    /**
     * Puts a device id on one of the mailbox's two lists and takes it off the other, or off both. The block list beats the
     * allow list, so leaving the other entry would undo the wish. `none` also ends an automatic block where there are such.
     */
    exempt: (mailbox: string, deviceId: string, wish: Exemption, signal: AbortSignal) => {
      const add = { add: [deviceId] }
      const remove = { remove: [deviceId] }
      return run(
        'Set-CASMailbox',
        defined({
          Identity: mailbox,
          ActiveSyncAllowedDeviceIDs: wish === 'allowed' ? add : remove,
          ActiveSyncBlockedDeviceIDs: wish === 'blocked' ? add : remove,
          ResetAutoBlockedDevices: wish === 'none' && hasAutoBlock ? true : undefined,
        }),
        signal,
      )
    },

    /**
     * Orders a wipe, or cancels one that is pending. Never called as a dry run and never repeated: an order that Exchange took
     * twice erases twice. `Confirm: false` stands for the approval, which was given elsewhere.
     */
    wipe: (guid: string, kind: 'wipe' | 'wipe-account' | 'cancel', signal: AbortSignal) =>
      run(
        'Clear-MobileDevice',
        defined({
          Identity: guid,
          AccountOnly: kind === 'wipe-account' ? true : undefined,
          Cancel: kind === 'cancel' ? true : undefined,
          Confirm: false,
        }),
        signal,
      ),

    /** Deletes the partnership; nothing on the device is erased. */
    remove: (guid: string, signal: AbortSignal) =>
      run('Remove-MobileDevice', { Identity: guid, Confirm: false }, signal),

    /** For rooms with cmdlets of their own, such as policy/: what one shows, and one that only writes. */
    async read<S extends z.ZodType>(schema: S, name: string, signal: AbortSignal): Promise<z.output<S>[]> {
      const all: z.output<S>[] = []
      for await (const row of rows(schema, { name, parameters: {} }, signal)) all.push(row)
      return all
    },
    run,

    close: () => transport.close(),
  }
}

/** Where a row cannot be read, without what stands there. */
export const whereOf = ({ issues }: z.ZodError) =>
  issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join('; ')

const defined = (parameters: Record<string, Value | undefined>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** A Get- with an empty Identity returns every object, and what follows would act on all of them. */
function refuseEmpty(cmdlet: Cmdlet): Cmdlet {
  const { Identity, Mailbox } = cmdlet.parameters
  for (const value of [Identity, Mailbox])
    if (value === null || (typeof value === 'string' && value.trim() === ''))
      throw new Error(`${cmdlet.name} without identity`)
  return cmdlet
}
