import { z } from 'zod'
import type { Device, Statistics } from '../../inventory/device.ts'
import { date, flag, guid, text } from './rows.ts'

/** A device as Get-MobileDevice shows it, and the Identity of its mailbox, which its own begins with. */
export interface SeenDevice {
  readonly device: Omit<Device, 'connector' | 'mailbox'>
  readonly mailboxIdentity: string
}

/** Statistics name their device by Guid, or by the device's id and type where a server leaves the Guid out. */
export interface SeenStatistics {
  readonly guid: string | undefined
  readonly deviceId: string | undefined
  readonly statistics: Omit<Statistics, 'read'>
}

/** Properties of Get-MobileDevice that the inventory keeps. */
export const deviceProperties = [
  'Guid',
  'Identity',
  'DeviceId',
  'DeviceType',
  'DeviceModel',
  'DeviceOS',
  'DeviceOSLanguage',
  'DeviceUserAgent',
  'FriendlyName',
  'DeviceImei',
  'DeviceTelephoneNumber',
  'DeviceMobileOperator',
  'ClientType',
  'ClientVersion',
  'DeviceAccessState',
  'DeviceAccessStateReason',
  'DeviceAccessControlRule',
  'FirstSyncTime',
  'UserDisplayName',
  'WhenChangedUTC',
]

/** Get-MobileDevice; Exchange 2010 has neither ClientType nor ClientVersion but DeviceActiveSyncVersion. */
export const DeviceRowSchema = z
  .object({
    Guid: guid.nullish(),
    ExchangeObjectId: guid.nullish(),
    Identity: z.string(),
    DeviceId: text,
    DeviceID: text,
    DeviceType: text,
    DeviceModel: text,
    DeviceOS: text,
    DeviceOSLanguage: text,
    DeviceUserAgent: text,
    FriendlyName: text,
    DeviceImei: text,
    DeviceTelephoneNumber: text,
    DeviceMobileOperator: text,
    ClientType: text,
    ClientVersion: text,
    DeviceActiveSyncVersion: text,
    DeviceAccessState: text,
    DeviceAccessStateReason: text,
    DeviceAccessControlRule: text,
    FirstSyncTime: date,
    WhenChangedUTC: date,
  })
  .transform((row, context): SeenDevice => {
    const id = row.Guid ?? row.ExchangeObjectId
    if (!id) {
      context.addIssue({ code: 'custom', message: 'a device without Guid' })
      return z.NEVER
    }
    return {
      mailboxIdentity: mailboxIdentityOf(row.Identity),
      device: {
        guid: id,
        deviceId: row.DeviceId ?? row.DeviceID ?? '',
        type: row.DeviceType ?? 'Unknown',
        model: row.DeviceModel,
        os: row.DeviceOS,
        osLanguage: row.DeviceOSLanguage,
        userAgent: row.DeviceUserAgent,
        friendlyName: row.FriendlyName,
        imei: row.DeviceImei,
        phone: row.DeviceTelephoneNumber,
        operator: row.DeviceMobileOperator,
        clientType: row.ClientType ?? (row.DeviceActiveSyncVersion === undefined ? undefined : 'EAS'),
        clientVersion: row.ClientVersion ?? row.DeviceActiveSyncVersion,
        state: row.DeviceAccessState ?? 'Unknown',
        reason: row.DeviceAccessStateReason,
        rule: row.DeviceAccessControlRule,
        firstSync: row.FirstSyncTime,
        changed: row.WhenChangedUTC,
      },
    }
  })

/** Exchange Online writes `<name>\ExchangeActiveSyncDevices\…`, a server `<domain>/<units>/<name>/ExchangeActiveSyncDevices/…`. */
function mailboxIdentityOf(identity: string): string {
  const end = identity.search(/[\\/]ExchangeActiveSyncDevices[\\/]/i)
  return end < 0 ? identity : identity.slice(0, end)
}

/** Get-MobileDeviceStatistics. RecoveryPassword is a secret and never asked for. */
export const StatisticsRowSchema = z
  .object({
    Guid: guid.nullish(),
    DeviceID: text,
    DeviceId: text,
    LastSuccessSync: date,
    LastSyncAttemptTime: date,
    LastPolicyUpdateTime: date,
    DevicePolicyApplied: text,
    DevicePolicyApplicationStatus: text,
    Status: text,
    StatusNote: text,
    IsRemoteWipeSupported: flag.catch(undefined),
    DeviceWipeRequestTime: date,
    DeviceWipeSentTime: date,
    DeviceWipeAckTime: date,
    LastDeviceWipeRequestor: text,
    AccountOnlyDeviceWipeRequestTime: date,
    AccountOnlyDeviceWipeSentTime: date,
    AccountOnlyDeviceWipeAckTime: date,
    LastAccountOnlyDeviceWipeRequestor: text,
  })
  .transform(
    (row): SeenStatistics => ({
      guid: row.Guid ?? undefined,
      deviceId: row.DeviceID ?? row.DeviceId,
      statistics: {
        lastSync: row.LastSuccessSync,
        lastAttempt: row.LastSyncAttemptTime,
        policy: row.DevicePolicyApplied,
        policyStatus: row.DevicePolicyApplicationStatus,
        policyUpdated: row.LastPolicyUpdateTime,
        status: row.Status,
        statusNote: row.StatusNote,
        remoteWipe: row.IsRemoteWipeSupported,
        wipe: {
          requested: row.DeviceWipeRequestTime,
          sent: row.DeviceWipeSentTime,
          acknowledged: row.DeviceWipeAckTime,
          requestor: row.LastDeviceWipeRequestor,
        },
        accountWipe: {
          requested: row.AccountOnlyDeviceWipeRequestTime,
          sent: row.AccountOnlyDeviceWipeSentTime,
          acknowledged: row.AccountOnlyDeviceWipeAckTime,
          requestor: row.LastAccountOnlyDeviceWipeRequestor,
        },
      },
    }),
  )
