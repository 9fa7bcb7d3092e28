/** What a person reads, by code; `%s` stands for the detail. Each text is one sentence that says what to do next. */
const texts = {
  ACCESS_DENIED:
    'You need the permission %s for this; “whoami” shows what you may do, and a Security Administrator can grant more.',
  AUDIT_UNWRITABLE:
    'Nothing was done, because it could not be recorded; tell the operator to look at the disk or database of Device Desk, then try again.',
  BRAKE_PULLED:
    'The brake is pulled (%s), so no wipe is approved until it is released; “brake” shows how that is done.',
  CARD_UNREADABLE: 'This press could not be read (%s); open the card anew, for example with “find”.',
  COLLECTION_REFUSED: '%s',
  COMMAND_ARGUMENT: '%s',
  COMMAND_UNKNOWN: 'I do not know %s',
  CONFIG_INVALID: 'These settings cannot be used:\n%s\n“npm start -- --help” explains each.',
  CONNECTOR_LACKS: '%s; “connectors” shows how it is set up, “connector-test” what its account may do.',
  CONNECTOR_REFUSED: 'This cannot be used: %s.',
  CONNECTOR_UNKNOWN: 'I know no connector “%s”; “connectors” lists those there are.',
  CREDENTIAL_TYPED:
    'Nothing was done: a password does not go through chat. Write it into its file on the server, and delete your message.',
  CREDENTIAL_UNUSABLE: 'The credential cannot be used: %s.',
  DEVICE_GONE:
    'Exchange no longer has %s, so nothing was changed; “find” shows the devices that are there, for example “find adele”.',
  DEVICE_UNKNOWN: 'I know no device “%s”; look for it by name, user or device id, for example “find adele”.',
  DIRECTORY_UNREACHABLE:
    'Microsoft Graph could not be asked who is in which group, so nothing was done; try again in a minute.',
  EXCHANGE_OUTCOME_UNKNOWN:
    'Exchange did not answer (%s), so the change may or may not have been made; look at the device before you try again.',
  EXCHANGE_REFUSED: 'Exchange refused: %s',
  EXCHANGE_UNREACHABLE:
    'Exchange could not be reached (%s), so nothing was changed; try again in a minute, “status” shows how it is.',
  INTERNAL: 'Something went wrong on my side; if it happens again, give the operator this number: %s.',
  PERSON_UNKNOWN: 'I know no person “%s” with a device; type a name or an address, for example “user adele”.',
  POLICY_REFUSED: '%s',
  REQUEST_CHANGED:
    'The request has changed since this card was drawn, so nothing was decided; look at it again: “request %s”.',
  REQUEST_CLOSED: 'This request is not open any more: it is %s.',
  REQUEST_COUNTED:
    'You asked for or approved a wipe that the brake counted, so somebody else must release it: another Security Administrator.',
  REQUEST_DISABLED:
    'Entra ID knows no enabled account of yours in this organization, so you cannot decide; ask your administrator.',
  REQUEST_EXISTS: 'There is an open request about this already: “request %s” shows it.',
  REQUEST_EXPIRED:
    'The time to approve is over, so nothing was decided; ask anew, for example “wipe adele_iPhone stolen”.',
  REQUEST_OWNER: 'You own a device that this request is about, so somebody else must approve it.',
  REQUEST_REFUSED: '%s',
  REQUEST_SELF: 'You asked for this yourself, so somebody else must approve it; “withdraw %s” takes it back.',
  REQUEST_TOO_MANY:
    'You have ten open requests; wait until they are decided, or withdraw one: “requests mine” lists them.',
  REQUEST_UNKNOWN: 'I know no request “%s”; “requests open” lists those there are.',
  REQUEST_UNPROVEN:
    'Teams could not be asked for your mail addresses, by which the owner of this device is known; try again in a minute.',
  REQUEST_VOTED: 'You approved this already; somebody else must approve it too.',
  RIGHTS_REFUSED: '%s',
  RULE_UNREADABLE: 'The rule cannot be read: %s',
  STORE_BUSY:
    'Another Device Desk (process %s) uses this data folder; stop it first, or set DATA_DIR to a folder of its own.',
  STORE_FOREIGN: 'What is stored cannot be used: %s.',
  STORE_OUTCOME_UNKNOWN:
    'The database of Device Desk was lost while this was being stored, so it may or may not have been done; look before you try again.',
  STORE_UNREACHABLE:
    'Device Desk cannot reach its database, so nothing was done; tell the operator, or try again in a minute.',
  STORE_UNWRITABLE:
    'Nothing was done, because it could not be stored; tell the operator to look at the disk or database of Device Desk, then try again.',
  WIPE_PENDING:
    'A wipe of this device is under way, and this would keep it from arriving; “cancel-wipe %s <reason>” ends it first.',
} as const

export type Code = keyof typeof texts

/**
 * A failure that a person may read: `message` is fit for Teams, `code` is for programs and tests, `cause` for the log.
 * Everything else that is thrown is a bug and reaches people as INTERNAL with a correlation id.
 */
export class BotError extends Error {
  override readonly name = 'BotError'
  readonly code: Code

  constructor(code: Code, detail = '', options?: ErrorOptions) {
    super(
      texts[code].replace('%s', () => detail),
      options,
    )
    this.code = code
  }
}

/** Whether this is a failure of one of these kinds. */
export const isBotError = (error: unknown, ...codes: readonly Code[]): error is BotError =>
  error instanceof BotError && codes.includes(error.code)
