/** Each setting: values and what Exchange must get, the limits among them; then what is refused. */
export const cases: Readonly<
  Record<string, { takes: readonly (readonly [string, unknown])[]; refuses: readonly string[] }>
> = {
  AllowInternetShare: { takes: [['false', false]], refuses: ['no', '0'] },
  AllowDesktopSync: { takes: [['false', false]], refuses: ['no', '0'] },
  AllowNonProvision: { takes: [['false', false]], refuses: ['no', '0'] },
  RefreshHours: {
    takes: [
      ['1', '01:00:00'],
      ['8760', '365.00:00:00'],
    ],
    refuses: ['0', '8761', 'often'],
  },
  PasswordEnabled: { takes: [['true', true]], refuses: ['yes', '1'] },
  MinimumPasswordLength: {
    takes: [
      ['1', 1],
      ['16', 16],
    ],
    refuses: ['0', '17', 'long'],
  },
  PasswordExpiration: {
    takes: [
      ['1', '1.00:00:00'],
      ['730', '730.00:00:00'],
    ],
    refuses: ['0', '731', 'never'],
  },
  PasswordHistory: { takes: [['50', 50]], refuses: ['-1', '51', 'some'] },
  WipeAfterFailedAttempt: {
    takes: [
      ['4', '4'],
      ['16', '16'],
    ],
    refuses: ['3', '17', 'never'],
  },
  MaximumIdleTimeMins: {
    takes: [
      ['1', '00:01:00'],
      ['60', '01:00:00'],
    ],
    refuses: ['0', '61', 'soon'],
  },
  PasswordComplexity: { takes: [['Strong', true]], refuses: ['true', 'Weak'] },
  MinimumComplexChar: { takes: [['4', 4]], refuses: ['0', '5', 'two'] },
  AllowSimplePassword: { takes: [['false', false]], refuses: ['no'] },
  PasswordRecovery: { takes: [['true', true]], refuses: ['yes'] },
  ConsumerEmail: { takes: [['false', false]], refuses: ['no'] },
  MaximumEmailAge: { takes: [['OneDay', 'OneDay']], refuses: ['ThreeMonths', '1'] },
  MaximumCalendarAge: { takes: [['SixMonths', 'SixMonths']], refuses: ['OneDay', '6'] },
  PushWhenRoaming: { takes: [['false', true]], refuses: ['no'] },
  AllowHtmlEmail: { takes: [['false', false]], refuses: ['no'] },
  EmailAttachmentPolicy: { takes: [['false', false]], refuses: ['no'] },
  MaximumSizeTextEmail: {
    takes: [
      ['0', '0'],
      ['2097151', '2147482624'],
    ],
    refuses: ['-1', '2097152', 'small'],
  },
  MaximumSizeHtmlEmail: {
    takes: [
      ['0', '0'],
      ['2097151', '2147482624'],
    ],
    refuses: ['-1', '2097152', 'small'],
  },
  MaximumSizeAttachment: {
    takes: [
      ['0', '0'],
      ['2097151', '2147482624'],
    ],
    refuses: ['-1', '2097152', 'small'],
  },
  RemoteDesktop: { takes: [['false', false]], refuses: ['no'] },
  StorageCard: { takes: [['false', false]], refuses: ['no'] },
  Camera: { takes: [['false', false]], refuses: ['no'] },
  Bluetooth: { takes: [['HandsfreeOnly', 'HandsfreeOnly']], refuses: ['false', 'Headset'] },
  WifiConnection: { takes: [['false', false]], refuses: ['HandsfreeOnly'] },
  Infrared: { takes: [['false', false]], refuses: ['no'] },
  Browser: { takes: [['false', false]], refuses: ['no'] },
  StorageCardEncrypt: { takes: [['true', true]], refuses: ['yes'] },
  FileEncrypt: { takes: [['true', true]], refuses: ['yes'] },
  TextMessage: { takes: [['false', false]], refuses: ['no'] },
  UnsignedInstall: { takes: [['false', false]], refuses: ['no'] },
  UnsignedApplication: { takes: [['false', false]], refuses: ['no'] },
  BlockedApplication: {
    takes: [['calc.exe, "Solitaire 2"', ['calc.exe', 'Solitaire 2']]],
    refuses: ['x'.repeat(257)],
  },
}
