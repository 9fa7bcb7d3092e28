/** What a role may allow: an operation on a class, as Configuration Manager names them. */
export const permissions = [
  'Site.Read',
  'Site.Modify',
  'Site.ModifyConnectorPolicy',
  'Collection.Read',
  'Collection.ReadResource',
  'Collection.ModifyResource',
  'Collection.DeleteResource',
  'Security.Read',
  'Security.Modify',
  'Audit.Read',
] as const

export type Permission = (typeof permissions)[number]

/** What is allowed on the devices of a collection, and not on the whole site. */
export const isOnDevices = (permission: Permission) => permission.startsWith('Collection.')

interface BuiltInRole {
  readonly name: string
  readonly permissions: readonly Permission[]
  /** Where it comes from: Configuration Manager's documentation, or ours. */
  readonly origin: 'documented' | 'ours'
}

const site = permissions.filter((permission) => permission.startsWith('Site.'))
const security = permissions.filter((permission) => permission.startsWith('Security.'))
const helpdesk = [
  'Collection.Read',
  'Collection.ReadResource',
  'Collection.ModifyResource',
  'Site.Read',
] as const satisfies readonly Permission[]

export const fullAdministrator = 'Full Administrator'

/** Not editable, copyable; named after Configuration Manager's built-in roles where it has them. */
export const builtInRoles: readonly BuiltInRole[] = [
  { name: fullAdministrator, origin: 'documented', permissions },
  {
    name: 'Operations Administrator',
    origin: 'documented',
    permissions: permissions.filter((permission) => !security.includes(permission)),
  },
  { name: 'Infrastructure Administrator', origin: 'documented', permissions: site },
  { name: 'Security Administrator', origin: 'documented', permissions: security },
  {
    name: 'Read-only Analyst',
    origin: 'documented',
    permissions: permissions.filter((permission) => /\.Read(Resource)?$/.test(permission)),
  },
  { name: 'Helpdesk Operator', origin: 'ours', permissions: helpdesk },
  { name: 'Wipe Approver', origin: 'ours', permissions: [...helpdesk, 'Collection.DeleteResource'] },
  { name: 'Auditor', origin: 'ours', permissions: ['Audit.Read'] },
]
