/** A time as its age: a component of its own, so that a second's tick redraws the text and nothing else. */
import { now } from './now.ts'
import { ageText } from './wording.ts'

export const Since = ({ iso }: { iso: string }) => (
  <time dateTime={iso} title={new Date(iso).toLocaleString()}>
    {ageText(iso, now.value)}
  </time>
)
