/** How a state looks: the colours that Adaptive Cards have for text and for containers alike. */
export type Tone = 'default' | 'accent' | 'good' | 'warning' | 'attention'

/** A press on this runs the command `verb` with these arguments; `v` names the version of what was shown. */
export interface Button {
  readonly title: string
  readonly verb: string
  readonly data: Readonly<Record<string, string | number | boolean>>
  readonly style?: 'positive' | 'destructive'
  /** It leaves a form, whatever was typed there or is missing. */
  readonly leaves?: true
}

/** One input of a form; its name is that of the command's argument. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly kind: 'text' | 'long' | 'number' | 'choice' | 'toggle'
  readonly choices?: readonly string[]
  readonly value?: string
  readonly required: boolean
  readonly max?: number
  /** Limits of a number. */
  readonly low?: number
  readonly high?: number
  /** A regular expression that a text must match, and what is said when it does not. */
  readonly pattern?: string
  readonly wrong?: string
}

/** A line of facts; `value` may be text from outside. `private` facts are left out where others read along. */
export interface Fact {
  readonly label: string
  readonly value: string
  readonly tone?: Tone
  readonly private?: true
}

/** A moment, shown in the reader's zone: ISO 8601. */
export interface Moment {
  readonly label: string
  readonly at: string
  readonly private?: true
}

/** One bar of a chart, as long as its share: 0 to 100. */
export interface Bar {
  readonly label: string
  readonly value: string
  readonly share: number
  readonly tone: Tone
  /** A press on it runs the command that the card names with these arguments. */
  readonly press?: Button['data']
}

/** One step of a story or of a checklist; without a mark it is a dot. */
export interface Step {
  readonly text: string
  readonly at?: string
  readonly mark?: '✓' | '✕' | '…'
  readonly tone?: Tone
}

export interface DeviceRow {
  /** Arguments of a press on the row. */
  readonly press: Button['data']
  readonly name: string
  readonly owner: string
  readonly model: string
  readonly os: string
  readonly state: string
  readonly tone: Tone
  readonly shortId: string
  /** The client, for tables that have room for it. */
  readonly client: string
  /** The connector, where there are several and room for it. */
  readonly connector?: string
  /** Its last contact. */
  readonly last?: Omit<Moment, 'label'>
}

/** A line to press on that is not a device: a person, a connector. */
export interface ChoiceRow {
  readonly press: Button['data']
  readonly name: string
  /** May be empty. */
  readonly detail: string
}

export interface AuditRow {
  readonly n: string
  readonly at: string
  readonly who: string
  readonly what: string
  readonly outcome: string
  readonly reason: string
}

interface DeviceList {
  readonly title: string
  readonly text: string
  readonly rows: readonly DeviceRow[]
  /** Of how many. */
  readonly total?: number
  /** What a press on a row runs. */
  readonly verb: string
  /** By which of these it can be narrowed, where there are several. */
  readonly connectors?: readonly string[]
}

/** A short line of a checklist. */
export interface MarkRow {
  readonly mark: '✓' | '✕' | '…'
  readonly tone: Tone
  readonly name: string
  readonly detail: string
}

/** Settings that belong together; a press on them shows more. */
export interface SettingGroup {
  readonly title: string
  readonly state: string
  readonly tone: Tone
  readonly press: Button['data']
  readonly rows: readonly { name: string; value: string; tone: Tone /** What it means. */; text?: string }[]
}

/** Everything the bot can answer with: the name of a template in cards/ and the data that it shows. */
export type Card =
  | { readonly template: 'notice'; readonly data: { title: string; text: string; tone?: Tone } }
  | { readonly template: 'news'; readonly data: { title: string; text: string; tone: Tone; steps: readonly Step[] } }
  | {
      readonly template: 'help'
      readonly data: {
        title: string
        text: string
        groups: readonly {
          title: string
          commands: readonly { name: string; usage: string; summary: string }[]
          /** Further commands, of which only the names are shown. */
          names?: readonly string[]
        }[]
      }
    }
  | {
      readonly template: 'facts'
      readonly data: { title: string; text: string; facts: readonly Fact[]; times: readonly Moment[] }
    }
  | {
      readonly template: 'status'
      readonly data: { title: string; text: string; bars: readonly Bar[]; steps: readonly Step[] }
    }
  | {
      readonly template: 'digest'
      readonly data: {
        title: string
        text: string
        bars: readonly Bar[]
        facts: readonly Fact[]
        times: readonly Moment[]
        steps: readonly Step[]
      }
    }
  | { readonly template: 'devices'; readonly data: DeviceList }
  | {
      readonly template: 'choose'
      readonly data: { title: string; text: string; rows: readonly ChoiceRow[]; verb: string }
    }
  | { readonly template: 'user'; readonly data: DeviceList & { facts: readonly Fact[]; times: readonly Moment[] } }
  | {
      readonly template: 'device'
      readonly data: {
        name: string
        owner: string
        model: string
        os: string
        shortId: string
        state: string
        tone: Tone
        why: string
        /** What has just happened to it. */
        notice?: string
        /** What is said of the last contact when there is no time of it. */
        silent?: Omit<Fact, 'label'>
        facts: readonly Fact[]
        /** What people search by, or compare when they talk to somebody. */
        details: readonly Fact[]
        times: readonly Moment[]
      }
    }
  | {
      readonly template: 'audit'
      readonly data: {
        title: string
        text: string
        rows: readonly AuditRow[]
        /** There are others before the record of this number. */
        older?: number
        /** Whether nothing in the record was changed or cut off, where it was checked. */
        whole?: boolean
      }
    }
  | {
      readonly template: 'consequence'
      readonly data: {
        title: string
        /** What is erased. */
        text: string
        tone: Tone
        notice?: string
        warnings: readonly { text: string }[]
        facts: readonly Fact[]
        times: readonly Moment[]
        /** The short id to be typed in, where the whole phone is erased. */
        confirm?: string
      }
    }
  | {
      readonly template: 'request'
      readonly data: {
        title: string
        id: string
        state: string
        tone: Tone
        text?: string
        notice?: string
        /** Why the reader of this card may decide, or may not. */
        you?: string
        warnings: readonly { text: string }[]
        facts: readonly Fact[]
        times: readonly Moment[]
        steps: readonly Step[]
      }
    }
  | {
      readonly template: 'policy'
      readonly data: {
        title: string
        text: string
        notice?: string
        warnings: readonly { text: string }[]
        sections: readonly SettingGroup[]
      }
    }
  | {
      readonly template: 'preview'
      readonly data: {
        title: string
        text: string
        tone: Tone
        notice?: string
        warnings: readonly { text: string }[]
        changes: readonly { name: string; before: string; after: string }[]
        facts: readonly Fact[]
        times: readonly Moment[]
        bars: readonly Bar[]
        rows: readonly DeviceRow[]
        /** What a press on a row runs. */
        verb: string
      }
    }
  | {
      readonly template: 'checklist'
      readonly data: {
        title: string
        text: string
        notice?: string
        facts: readonly Fact[]
        times: readonly Moment[]
        steps: readonly Step[]
        rows: readonly MarkRow[]
      }
    }
  | { readonly template: 'form'; readonly data: { title: string; text: string; fields: readonly Field[] } }
  | {
      readonly template: 'report'
      readonly data: {
        title: string
        text: string
        bars: readonly Bar[]
        /** What a press on a bar runs. */
        verb: string
      }
    }

/** A table that is handed out as a file; the rows are made when it is. */
export interface TableFile {
  readonly name: string
  /** The command that makes it, anew and with the rights of that moment. */
  readonly from: About
  readonly columns: readonly string[]
  readonly rows: () => Iterable<readonly string[]>
}

/** The read that shows the same again: a card that can be refreshed, and of which every posted copy is kept up to date. */
export interface About {
  readonly verb: string
  readonly data: Readonly<Record<string, string>>
}

export type Reply = Card & {
  readonly buttons?: readonly Button[]
  readonly about?: About
  /** A message on which this was asked for shows it from now on, and what becomes of it. */
  readonly stays?: true
  /** Nothing was done after all: the card says why and asks again. */
  readonly undone?: true
  /** What the record says of what was done. */
  readonly record?: string
  /** Comes along, for those who may keep it to themselves. */
  readonly file?: TableFile
}
