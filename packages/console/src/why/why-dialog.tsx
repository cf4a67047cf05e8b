/** Why a session is where it is, in the words of the API; also of one that is gone. */
import { type Death, HoldfastError, type Why } from '@holdfast/protocol'
import { signal } from '@preact/signals'
import { client } from '../connection.ts'
import { Dialog } from '../dialog.tsx'
import { Failure } from '../failure.tsx'
import { usePolled } from '../polled.ts'
import { Since } from '../since.tsx'
import { deathText } from '../wording.ts'

/** The session that is asked about. */
export const asked = signal<{ id: string; name: string } | null>(null)

const REFRESH_MS = 3000

const Fact = ({ name, children }: { name: string; children: preact.ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const Facts = ({ why }: { why: Why }) => (
  <dl>
    <Fact name="Phase">
      {why.phase}, for <Since iso={why.since} />
    </Fact>
    <Fact name="Who acts next">{why.owner}</Fact>
    {why.waiting && (
      <Fact name="Waits for">
        {why.waiting.for}, for <Since iso={why.waiting.since} />
        {why.waiting.until && `; gives up at ${new Date(why.waiting.until).toLocaleTimeString()}`}
      </Fact>
    )}
    {why.conditions.map(({ type, status, reason }) => (
      <Fact key={type} name={type}>
        {reason === '' ? status : `${status}: ${reason}`}
      </Fact>
    ))}
  </dl>
)

const Deaths = ({ deaths }: { deaths: readonly Death[] }) =>
  deaths.length === 0 ? null : (
    <>
      <h3>How it ended</h3>
      <ol class="evidence">
        {deaths.map((death) => (
          <li key={death.incarnation}>
            {deathText(death)} <Since iso={death.endedAt} /> ago.
            {death.evidence.map((line) => (
              <code key={line}>{line}</code>
            ))}
          </li>
        ))}
      </ol>
    </>
  )

/** Null: it was deleted, and only its ends are known. */
const whyOf = async (id: string): Promise<Why | null> => {
  try {
    return await client.why(id)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND') return null
    throw error
  }
}

const Answer = ({ id }: { id: string }) => {
  const { value, failure } = usePolled(
    async () => ({ deaths: await client.deaths(id), why: await whyOf(id) }),
    REFRESH_MS,
    [id],
  )
  if (value.value === null) return failure.value ? <Failure text={failure.value} /> : <p class="quiet">Asking…</p>
  const { why, deaths } = value.value
  return (
    <>
      {why ? <p class="summary-text">{why.summary}</p> : <p>The session is gone.</p>}
      {why && <Facts why={why} />}
      <Deaths deaths={deaths} />
      <Failure text={failure.value} />
    </>
  )
}

export const WhyDialog = () => (
  <Dialog
    open={asked.value !== null}
    class="why"
    label="Why it is so"
    onClose={() => {
      asked.value = null
    }}
  >
    {asked.value && (
      <>
        <h2>Why “{asked.value.name}” is so</h2>
        <Answer id={asked.value.id} />
      </>
    )}
  </Dialog>
)
