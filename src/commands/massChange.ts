import type { Permission } from '../access/permissions.ts'
import type { Reply } from '../cards/card.ts'
import type { DeviceKey } from '../inventory/device.ts'
import type { Context } from './command.ts'
import { askedReply } from './requestCard.ts'
import { atRisk } from './wipesAtRisk.ts'

/** A change as it is shown before it is made; its first button confirms it. */
export type Preview = Extract<Reply, { template: 'preview' }>

/** Why a change is not for one person alone, and what the second one needs. */
export interface Second {
  readonly permission: Permission
  /** Where it is about certain devices, the second person needs it on all of them. */
  readonly devices?: readonly DeviceKey[]
}

/** Whether so many devices shut out are too many for one person; batches within the hour count together. */
export async function isMass(devices: number, { batches, caller, settings }: Context): Promise<boolean> {
  return devices > 0 && devices + (await batches.blockedLately(caller.id)) > settings.MASS_CHANGE
}

const twoPeople = 'Two people'

/** What the preview says of the second person. */
export const secondFact = ({ permission }: Second) => ({
  label: twoPeople,
  value: `Another holder of ${permission} must approve this; where there is none it waits ten minutes and can be stopped.`,
})

/** Asks a second person for a change that was previewed and confirmed; they see what the preview showed. */
export async function askSecond(
  { data, buttons }: Preview,
  second: Second,
  context: Context,
  reason?: string,
): Promise<Reply> {
  const [confirm] = buttons ?? []
  if (confirm === undefined) throw new Error(`${data.title} has nothing to confirm`)
  const title = data.title.replace(/\?$/, '')
  const asked = await context.requests.askChange(
    {
      kind: 'change',
      verb: confirm.verb,
      data: confirm.data,
      permission: second.permission,
      ...(second.devices && { devices: second.devices.map(({ connector, guid }) => ({ connector, guid })) }),
      title,
      text: data.text,
      warnings: data.warnings.map(({ text }) => text),
      facts: [
        ...data.changes.map(({ name, before, after }) => ({ label: name, value: `${before} → ${after}` })),
        ...data.facts
          .filter((fact) => !fact.private && fact.label !== twoPeople && fact.label !== atRisk)
          .map(({ label, value }) => ({ label, value })),
      ],
    },
    reason ?? title,
    context.caller,
  )
  return { ...(await askedReply(asked, context)), record: `asked for as ${asked.request.id}` }
}
