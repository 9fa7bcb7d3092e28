import type { Command } from './command.ts'
import { device } from './device.ts'
import { allow, block, reset } from './exempt.ts'
import { find } from './find.ts'
import { help } from './help.ts'
import { status } from './status.ts'
import { user } from './user.ts'
import { whoami } from './whoami.ts'

/** Every command the bot has, in the order of `help`. */
export const commands: readonly Command[] = [find, device, user, allow, block, reset, status, whoami, help]
