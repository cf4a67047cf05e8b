/** How many sessions are in which state; a click narrows the list down to them. */
import type { Session } from '@holdfast/protocol'

const STATES: readonly { word: string; text: string; tone: string; is(session: Session): boolean }[] = [
  { word: 'phase:running', text: 'running', tone: 'good', is: ({ phase }) => phase === 'running' },
  { word: 'agent:waiting', text: 'waiting for you', tone: 'busy', is: ({ agent }) => agent?.state === 'waiting' },
  { word: 'phase:pending', text: 'pending', tone: 'busy', is: ({ phase }) => phase === 'pending' },
  { word: 'phase:suspended', text: 'suspended', tone: 'quiet', is: ({ phase }) => phase === 'suspended' },
  { word: 'phase:exited', text: 'exited', tone: 'quiet', is: ({ phase }) => phase === 'exited' },
  { word: 'phase:failed', text: 'failed', tone: 'bad', is: ({ phase }) => phase === 'failed' },
]

interface SummaryProps {
  sessions: readonly Session[]
  filter: string
  onWord(word: string): void
}

export const Summary = ({ sessions, filter, onWord }: SummaryProps) => {
  const words = filter.split(/\s+/)
  const counted = STATES.map((state) => ({ ...state, count: sessions.filter(state.is).length }))
  const present = counted.filter(({ count, word }) => count > 0 || words.includes(word))
  if (present.length === 0) return null
  return (
    <fieldset class="summary">
      <legend class="only-heard">Filter by state</legend>
      {present.map(({ word, text, tone, count }) => (
        <button key={word} type="button" aria-pressed={words.includes(word)} onClick={() => onWord(word)}>
          <b class={tone}>{count.toLocaleString('en')}</b> {text}
        </button>
      ))}
    </fieldset>
  )
}
