import { audit } from './audit.ts'
import { batch, batchProgress, batchStop } from './batch.ts'
import { brake, brakePull, brakeRelease } from './brake.ts'
import { cancelWipe } from './cancelWipe.ts'
import type { Command } from './command.ts'
import { connectorAdd, connectorEdit, connectorRemove, connectors, connectorTest, sync } from './connectors.ts'
import { deleteDevice } from './delete.ts'
import { device } from './device.ts'
import { digest } from './digest.ts'
import { events } from './events.ts'
import { allow, block, reset } from './exempt.ts'
import { find } from './find.ts'
import { help } from './help.ts'
import { policy, policyCheck } from './policy.ts'
import { policyClear, policyDrift, policySet, policyUndo } from './policyChange.ts'
import { report } from './report.ts'
import { approve, deny, request, requestDevices, requests, withdraw } from './requests.ts'
import { admins, collections, rightsCommands, roles } from './rights.ts'
import { defaultAccess, ruleAdd, ruleRemove, rules } from './rules.ts'
import { status } from './status.ts'
import { subscribe, subscriptions, unsubscribe } from './subscriptions.ts'
import { user } from './user.ts'
import { whoami } from './whoami.ts'
import { wipe, wipeAccount } from './wipe.ts'

/** Every command the bot has, in the order of `help`. */
export const commands: readonly Command[] = [
  find,
  device,
  user,
  allow,
  block,
  reset,
  wipe,
  wipeAccount,
  cancelWipe,
  deleteDevice,
  batch,
  batchProgress,
  batchStop,
  requests,
  request,
  requestDevices,
  approve,
  deny,
  withdraw,
  brake,
  brakePull,
  brakeRelease,
  policy,
  policyCheck,
  policySet,
  policyClear,
  policyUndo,
  policyDrift,
  rules,
  ruleAdd,
  ruleRemove,
  defaultAccess,
  report,
  status,
  connectors,
  connectorAdd,
  connectorEdit,
  connectorTest,
  connectorRemove,
  sync,
  digest,
  events,
  subscriptions,
  subscribe,
  unsubscribe,
  collections,
  admins,
  roles,
  ...rightsCommands,
  audit,
  whoami,
  help,
]
