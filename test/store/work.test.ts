import { createLocalWork } from '../../src/store/work.ts'
import { behavesLikeWork } from './working.ts'

describe('store/work', () => {
  behavesLikeWork(async () => createLocalWork({ now: () => new Date(), log: { error() {} } }))
})
