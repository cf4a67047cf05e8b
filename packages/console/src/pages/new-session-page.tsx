/** Starting a session: a template, and optionally a command and a name. */

import type { CreateSession, Template } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { joinCommand, splitCommand } from '../command-line.ts'
import { client, explain } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { SHOW_HELP, SHOW_PALETTE, useActions } from '../keys/actions.ts'
import { go, SESSIONS, terminalHref } from '../route.ts'
import type { SessionList } from '../sessions/session-list.ts'

const WAIT_SECONDS = 30

/** The body for what was typed; throws a SyntaxError for a command line with an open quote. */
const readForm = (form: FormData): CreateSession => {
  const text = (name: string): string => String(form.get(name) ?? '').trim()
  const [command, ...args] = splitCommand(text('command'))
  return {
    ...(text('template') && { template: text('template') }),
    ...(command !== undefined && { command, args }),
    ...(text('name') && { name: text('name') }),
  }
}

const TemplateField = (props: { templates: readonly Template[]; chosen: string; onChoose: (name: string) => void }) => {
  const description = props.templates.find((template) => template.name === props.chosen)?.description
  return (
    <>
      <label>
        Template
        <select
          name="template"
          value={props.chosen}
          onChange={(event) => props.onChoose(event.currentTarget.value)}
          aria-describedby="template-hint"
        >
          {props.templates.map((template) => (
            <option key={template.name} value={template.name}>
              {template.name}
            </option>
          ))}
        </select>
      </label>
      <p class="hint" id="template-hint">
        {description ?? 'What the session is made from.'}
      </p>
    </>
  )
}

/** Templates of the cluster, and whether they are still on their way. */
const useTemplates = (onFailure: (reason: string) => void) => {
  const templates = useSignal<readonly Template[]>([])
  const chosen = useSignal('')
  useEffect(() => {
    client.templates().then(
      (loaded) => {
        templates.value = loaded
        chosen.value = loaded[0]?.name ?? ''
      },
      (error: unknown) => onFailure(explain(error)),
    )
  }, [])
  return { templates, chosen }
}

export const NewSessionPage = ({ list }: { list: SessionList }) => {
  const failure = useSignal<string | null>(null)
  const busy = useSignal(false)
  const { templates, chosen } = useTemplates((reason) => {
    failure.value = `The templates could not be loaded. ${reason}`
  })
  useEffect(() => {
    document.title = 'New session · Holdfast'
  }, [])
  useActions(
    () => [{ title: 'Go to the sessions', keys: 'Escape', run: () => go(SESSIONS) }, SHOW_PALETTE, SHOW_HELP],
    [],
  )
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    busy.value = true
    failure.value = null
    try {
      const body = readForm(new FormData(event.target as HTMLFormElement))
      const session = await client.createSession(body, { waitSeconds: WAIT_SECONDS })
      list.put(session)
      if (session.phase === 'failed') failure.value = `The session failed: ${session.reason ?? 'no reason given'}`
      else go(terminalHref(session.id))
    } catch (error) {
      failure.value = error instanceof SyntaxError ? error.message : explain(error)
    }
    busy.value = false
  }
  const standard = templates.value.find((template) => template.name === chosen.value)?.command ?? []
  return (
    <main class="page narrow">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>New session</h1>
        <TemplateField
          templates={templates.value}
          chosen={chosen.value}
          onChoose={(name) => {
            chosen.value = name
          }}
        />
        <label>
          Command <span class="optional">optional</span>
          <input
            name="command"
            class="mono"
            placeholder={joinCommand(standard)}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-describedby="command-hint"
          />
        </label>
        <p class="hint" id="command-hint">
          A program and its arguments, quoted as in a shell. Empty: the command of the template.
        </p>
        <label>
          Name <span class="optional">optional</span>
          <input name="name" maxLength={128} autocomplete="off" />
        </label>
        <Failure text={failure.value} />
        <div class="choices">
          <a class="button" href={SESSIONS}>
            Cancel
          </a>
          <button type="submit" class="primary" disabled={busy.value}>
            {busy.value ? 'Starting…' : 'Start session'}
          </button>
        </div>
      </form>
    </main>
  )
}
