import { z } from 'zod'
import { Refusal, type Route, route } from './http.ts'

/** A phone's account as the sandbox Exchange's control port shows it. */
const DeviceSchema = z
  .object({
    name: z.string(),
    DeviceId: z.string(),
    DeviceModel: z.string().nullable(),
    DeviceOS: z.string().nullable(),
    DeviceFriendlyName: z.string().nullable(),
    DeviceAccessState: z.string(),
    LastSyncAttemptTime: z.string().nullable(),
    Status: z.string(),
    configured: z.boolean(),
  })
  .transform((device) => ({
    id: device.DeviceId,
    name: device.name,
    model: [device.DeviceFriendlyName ?? device.DeviceModel, device.DeviceOS].filter((part) => part).join(' · '),
    access: device.DeviceAccessState,
    /** `pending` until the phone contacts Exchange, `done` when it has acknowledged. */
    wipe: /Pending$/.test(device.Status) ? 'pending' : /Succeeded$/.test(device.Status) ? 'done' : undefined,
    configured: device.configured,
    lastContact: device.LastSyncAttemptTime,
  }))

export type Phone = z.infer<typeof DeviceSchema>

const ContactsSchema = z.object({ contacts: z.array(z.object({ name: z.string(), outcome: z.string() })) })

const shown = 30

/** Those whose wipe waits for them come first, then the sandbox's own order. */
const wanted = (phones: readonly Phone[], text: string) =>
  phones
    .filter(({ name, model, id }) => `${name} ${model} ${id}`.toLowerCase().includes(text.toLowerCase()))
    .toSorted((one, other) => Number(other.wipe === 'pending') - Number(one.wipe === 'pending'))

/** The phones of the sandbox Exchange, which the page could not ask itself, since it is another server. */
export const createPhones = (exchange: string | undefined): Route[] => {
  const ask = async (method: string, path: string): Promise<unknown> => {
    if (exchange === undefined) throw new Refusal(404, 'NotFound', 'There is no sandbox Exchange.')
    const answer = await fetch(new URL(path, exchange), { method }).catch(() => {
      throw new Refusal(502, 'ServiceError', 'The sandbox Exchange cannot be reached.')
    })
    if (!answer.ok) throw new Refusal(502, 'ServiceError', `The sandbox Exchange answered with HTTP ${answer.status}.`)
    return answer.json()
  }

  return [
    route('GET', '/_sandbox/devices', async (request) => {
      const phones = z.array(DeviceSchema).parse(await ask('GET', '/_sandbox/devices'))
      const found = wanted(phones, new URL(request.url).searchParams.get('text') ?? '')
      return Response.json({ total: found.length, phones: found.slice(0, shown) })
    }),
    route('POST', '/_sandbox/devices/:device/sync', async (_request, param) =>
      Response.json(
        ContactsSchema.parse(await ask('POST', `/_sandbox/devices/${encodeURIComponent(param('device'))}/sync`)),
      ),
    ),
  ]
}
