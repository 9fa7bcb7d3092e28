import type { Access } from '../access/access.ts'
import type { Audit } from '../audit/audit.ts'
import type { Settings } from '../config.ts'
import type { Batches } from '../connector/batches.ts'
import type { Connectors } from '../connector/connectors.ts'
import type { Policies } from '../connector/policy/policies.ts'
import type { Rules } from '../connector/rules/rules.ts'
import type { Outbox } from '../events/outbox.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Conversations } from '../notify/conversations.ts'
import type { Subscriptions } from '../notify/subscriptions.ts'
import type { Requests } from '../requests/requests.ts'

/** The rooms that commands work with. */
export interface Desk {
  readonly inventory: Inventory
  readonly connectors: Connectors
  readonly policies: Policies
  readonly rules: Rules
  readonly batches: Batches
  readonly access: Access
  readonly audit: Audit
  readonly requests: Requests
  readonly outbox: Outbox
  readonly conversations: Conversations
  readonly subscriptions: Subscriptions
  readonly settings: Settings
  readonly now: () => Date
}
