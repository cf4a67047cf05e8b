/** The flag that says when typed keys are shown before their echo comes. */
import { oneOf } from './command.ts'

const WHEN = ['auto', 'always', 'never'] as const

export const PREDICT_OPTION = {
  type: 'string',
  value: 'WHEN',
  about: 'show keys before their echo comes: auto (far away, the default), always, never',
} as const

export const predictionOf = (text: string | undefined): (typeof WHEN)[number] =>
  oneOf('--predict', WHEN, text ?? 'auto')
