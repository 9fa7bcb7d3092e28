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

export interface Role {
  readonly name: string
  readonly permissions: readonly Permission[]
  /** Where it comes from: Configuration Manager's documentation, ours, or made here by copying. */
  readonly origin: 'documented' | 'ours' | 'custom'
}

const site = permissions.filter((permission) => permission.startsWith('Site.'))
const security = permissions.filter((permission) => permission.startsWith('Security.'))
const helpdesk = [
  'Collection.Read',
  'Collection.ReadResource',
  'Collection.ModifyResource',
  'Site.Read',
] as const satisfies readonly Permission[]

/** Not editable, copyable; named after Configuration Manager's built-in roles where it has them. */
export const builtInRoles: readonly Role[] = [
  { name: 'Full Administrator', origin: 'documented', permissions },
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

/** Configuration Manager's own collection of every mobile device, the root of all others. */
export const allDevices = 'All Mobile Devices'
