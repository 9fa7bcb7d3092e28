import type { Card, DeviceRow, Fact, Moment, Reply } from '../../src/cards/card.ts'

/** What phones call themselves and people type, at its worst. */
export const ugly = [
  '田中 美咲のiPhone',
  '📱 Papa 🏄‍♂️ 👩🏽‍🚀',
  'ليلى منصور',
  'n'.repeat(200),
  '漢'.repeat(200),
  '🏄‍♂️'.repeat(60),
  '[x](http://evil)',
  '**bold** _it_ `code` ~~no~~ # Heading | cell',
  '$' + '{1+1} $' + '{$root.title}',
  '{{DATE(2020-01-01T00:00:00Z)}} {{{TIME(2020-01-01T00:00:00Z)}}}',
  '<at>all</at> <b>html</b> &lt;',
  'a\u202Egnp.exe \u2066x\u2069 \u200b\u200f\ufeff',
  'line\r\nbreak\u2028\u0000\ud800',
  'https://evil.example www.evil.example',
] as const

const at = '2026-11-23T08:03:12Z'
const times: readonly Moment[] = [{ label: 'Last contact', at: '2026-11-22T22:40:51.123Z', private: true }]
const facts: readonly Fact[] = [
  { label: 'Mailbox', value: 'adele@contoso.com', private: true },
  { label: 'ActiveSync', value: 'Off for this mailbox', tone: 'warning', private: true },
  { label: 'Client', value: 'Mail app over Exchange ActiveSync 16.1', private: true },
  { label: 'Request', value: 'R1042: waiting for approval' },
]
const guid = '7aec3bc7-5b1c-4a5e-9c0f-2f4f6c1d0e55'
const row: DeviceRow = {
  press: { ref: guid },
  name: 'adele_iPhone',
  owner: 'Adele Fontaine',
  model: 'iPhone 15 Pro',
  os: 'iOS 26.1 23B85',
  state: 'Allowed',
  tone: 'good',
  shortId: '7aec3bc7',
  client: 'Mail app over Exchange ActiveSync 16.1',
  last: { at: '2026-11-22T22:40:51Z', private: true },
}
const { last: _, ...silentRow } = row
const header = { title: 'Device Desk', text: 'Contoso: read 2 minutes ago.' }
const list = { ...header, rows: [...Array<DeviceRow>(9).fill(row), silentRow], verb: 'device' }
const warnings = [{ text: 'It was silent for 61 days.' }, { text: 'Its mailbox is shared.' }]
const many = <T>(count: number, item: T): T[] => Array<T>(count).fill(item)

/** At least one reply for each template, as large as it gets. */
export const samples: { readonly [Name in Card['template']]: readonly (Reply & { template: Name })[] } = {
  notice: [
    { template: 'notice', data: { ...header, tone: 'attention' } },
    { template: 'notice', data: header },
  ],
  news: [
    {
      template: 'news',
      data: {
        ...header,
        tone: 'warning',
        steps: many(10, { at, text: 'adele_iPhone of Adele Fontaine was quarantined.' }),
      },
      buttons: [{ title: 'Show all', verb: 'find', data: { text: 'iPhone' } }],
    },
    { template: 'news', data: { ...header, tone: 'default', steps: [] } },
  ],
  help: [
    {
      template: 'help',
      data: {
        ...header,
        groups: [
          ...many(3, { title: 'People and roles', commands: [], names: ['grant', 'revoke', 'role-copy', 'role-edit'] }),
          ...many(4, {
            title: 'Connectors, rules and notices',
            commands: many(10, {
              name: 'connector-add',
              usage: '<name> <online|onPremises> [address:] [credential:] [tenant:]',
              summary: 'Finds devices by user, name, model, system or id; state: and stale:<days> narrow it.',
            }),
          }),
        ],
      },
      buttons: [{ title: 'All devices', verb: 'find', data: {} }],
    },
  ],
  facts: [{ template: 'facts', data: { ...header, facts: many(4, facts).flat(), times } }],
  digest: [
    {
      template: 'digest',
      data: {
        ...header,
        bars: [0, 1, 50, 100].map((share) => ({ label: 'Quarantined', value: '1,937', share, tone: 'warning' })),
        facts,
        times,
        steps: many(10, { mark: '✓', tone: 'good', text: 'Contoso: read 2 minutes ago' }),
      },
    },
  ],
  status: [
    {
      template: 'status',
      data: {
        ...header,
        bars: [0, 1, 50, 100].map((share) => ({ label: 'Quarantined', value: '1,937', share, tone: 'warning' })),
        steps: [
          { mark: '✓', tone: 'good', text: 'Contoso: read 2 minutes ago' },
          { text: 'Handed to Exchange', at },
        ],
      },
    },
  ],
  report: [
    {
      template: 'report',
      about: { verb: 'report', data: { which: 'os' } },
      data: {
        ...header,
        bars: [
          ...many(11, { label: 'iOS 26', value: '1,937', share: 97, tone: 'accent', press: { os: 'iOS 26' } } as const),
          { label: 'Not known', value: '0', share: 0, tone: 'default' },
        ],
        verb: 'find',
      },
      buttons: [{ title: 'As a file (CSV)', verb: 'report', data: { which: 'os', csv: 'csv' } }],
    },
  ],
  devices: [
    { template: 'devices', data: list, buttons: [{ title: 'More', verb: 'find', data: { text: 'adele', page: 2 } }] },
    { template: 'devices', data: { ...list, rows: [] } },
  ],
  user: [{ template: 'user', data: { ...list, facts: many(2, facts).flat(), times } }],
  choose: [
    {
      template: 'choose',
      data: {
        ...header,
        rows: many(10, { press: { text: 'adele@contoso.com' }, name: 'Adele Fontaine', detail: 'adele' }),
        verb: 'user',
      },
    },
  ],
  device: [
    {
      template: 'device',
      about: { verb: 'device', data: { ref: guid } },
      data: {
        name: 'adele_iPhone',
        owner: 'Adele Fontaine',
        model: 'iPhone 15 Pro',
        os: 'iOS 26.1 23B85',
        shortId: '7aec3bc7',
        state: 'Quarantined',
        tone: 'warning',
        why: 'by an access rule: iPhone9C3(DeviceModel)',
        notice: 'adele_iPhone is blocked for its mailbox; Exchange applies it at the next contact.',
        silent: { value: 'Never synchronized', tone: 'warning', private: true },
        facts: many(2, facts).flat(),
        times: many(4, times).flat(),
        details: many(7, { label: 'User agent', value: 'Apple-iPhone16C1/2302.85', private: true }),
      },
      buttons: [
        { title: 'Allow', verb: 'allow', data: { ref: guid, v: '1' }, style: 'positive' },
        { title: 'Block', verb: 'block', data: { ref: guid, v: '1' }, style: 'destructive' },
        ...many(5, { title: 'Reset', verb: 'reset', data: { ref: guid, v: '1' } }),
      ],
    },
  ],
  audit: [
    {
      template: 'audit',
      data: {
        ...header,
        rows: many(15, {
          n: '1042',
          at,
          who: 'Hanna Berg',
          what: `block Contoso/${guid}`,
          outcome: 'done',
          reason: 'lost in a taxi',
        }),
      },
    },
  ],
  consequence: [
    {
      template: 'consequence',
      data: { ...header, tone: 'attention', notice: 'Changed.', warnings, facts, times, confirm: '7aec3bc7' },
      buttons: [
        { title: 'Ask for approval', verb: 'wipe', data: { ref: guid, reason: 'stolen', confirm: 'digest' } },
        { title: 'Back', verb: 'device', data: { ref: guid }, leaves: true },
      ],
    },
    { template: 'consequence', data: { ...header, tone: 'warning', warnings: [], facts, times: [] } },
  ],
  request: [
    {
      template: 'request',
      about: { verb: 'request', data: { id: 'R1042' } },
      data: {
        ...header,
        id: 'R1042',
        state: 'waiting for approval',
        tone: 'warning',
        notice: 'Approved.',
        you: 'You may decide.',
        warnings,
        facts: many(2, facts).flat(),
        times,
        steps: many(8, { text: 'Hanna Berg asked for it', at }),
      },
      buttons: [{ title: 'Approve', verb: 'approve', data: { id: 'R1042', v: 3 }, style: 'positive' }],
    },
  ],
  form: [
    {
      template: 'form',
      data: {
        ...header,
        fields: [
          { name: 'reason', label: 'Reason', kind: 'long', required: true, max: 400 },
          { name: 'ticket', label: 'Ticket', kind: 'text', required: false, value: 'INC1' },
          { name: 'stale', label: 'Days', kind: 'number', required: false },
          {
            name: 'page',
            label: 'Page',
            kind: 'number',
            required: false,
            value: '3',
            low: 1,
            high: 9,
            wrong: '1 to 9.',
          },
          {
            name: 'days',
            label: 'Days',
            kind: 'text',
            required: false,
            pattern: '^(\\d+|Unlimited)$',
            wrong: 'A number.',
          },
          { name: 'kind', label: 'Kind', kind: 'choice', required: true, choices: ['online', 'onPremises'] },
          { name: 'full', label: 'Full', kind: 'toggle', required: false },
        ],
      },
      buttons: [{ title: 'Block', verb: 'block', data: { ref: guid } }],
    },
  ],
  policy: [
    {
      template: 'policy',
      data: {
        ...header,
        notice: 'Done; Exchange shows it so.',
        warnings,
        sections: many(5, {
          title: 'EmailManagement',
          state: 'managed by Device Desk; changed in Exchange',
          tone: 'warning',
          press: { group: 'Password', connector: 'Contoso' },
          rows: many(8, { name: 'WipeAfterFailedAttempt', value: 'Unlimited', tone: 'default' }),
        }),
      },
      buttons: [{ title: 'Password', verb: 'policy', data: { group: 'Password', connector: 'Contoso' } }],
    },
    {
      template: 'policy',
      data: {
        ...header,
        warnings: [],
        sections: [
          {
            title: 'Password',
            state: 'left to Exchange',
            tone: 'default',
            press: { group: 'Password' },
            rows: many(10, { name: 'PasswordHistory', value: '5', tone: 'warning', text: '0 to 50.' }),
          },
        ],
      },
    },
  ],
  preview: [
    {
      template: 'preview',
      data: {
        ...list,
        tone: 'attention',
        notice: 'Changed.',
        warnings,
        changes: many(5, { name: 'Password.WipeAfterFailedAttempt', before: 'Unlimited', after: '8' }),
        facts,
        times,
        bars: [{ label: 'Blocked', value: '37', share: 100, tone: 'attention' }],
        rows: many(5, row),
      },
      buttons: [{ title: 'Write to Exchange', verb: 'policy-set', data: { confirm: 'digest' }, style: 'destructive' }],
    },
  ],
  checklist: [
    {
      template: 'checklist',
      data: {
        ...header,
        notice: 'Nothing was changed.',
        facts,
        times,
        steps: many(7, { mark: '✕', tone: 'attention', text: 'Sign-in: it did not accept the user and password' }),
        rows: many(24, {
          mark: '✕',
          tone: 'attention',
          name: 'Set-CASMailbox -ActiveSyncAllowedDeviceIDs',
          detail: 'View-Only Organization Management has it',
        }),
      },
      buttons: [{ title: 'Test again', verb: 'connector-test', data: { name: 'Contoso' } }],
    },
  ],
}
