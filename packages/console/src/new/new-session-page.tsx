/** Starting a session: a template, and whatever is to be other than in the template. */
import type { CreateSession, Template } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { joinCommand, splitCommand } from '../command-line.ts'
import { client, explain } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { SHOW_HELP, SHOW_PALETTE, useActions } from '../keys/actions.ts'
import { go, newSessionHref, SESSIONS, terminalHref } from '../route.ts'
import type { SessionList } from '../sessions/session-list.ts'
import { recentCommands } from './recent.ts'
import { bodyOf, type Field } from './schema-fields.ts'
import { SchemaForm } from './schema-form.tsx'

const WAIT_SECONDS = 30
/** Fields of the form itself; the others are in SchemaForm. */
const OWN = ['template', 'command', 'name']
/** May hold secrets, and a link is passed on. */
const NOT_LINKED = 'env'

const textOf =
  (form: HTMLFormElement) =>
  (name: string): string =>
    String(new FormData(form).get(name) ?? '').trim()

/** Throws a SyntaxError for a command line with an open quote, and for a line that is no entry. */
const readForm = (form: HTMLFormElement, fields: readonly Field[]): CreateSession => {
  const text = textOf(form)
  const [command, ...args] = splitCommand(text('command'))
  return {
    ...(text('template') && { template: text('template') }),
    ...(command !== undefined && { command, args }),
    ...(text('name') && { name: text('name') }),
    ...bodyOf(fields, text),
  }
}

const filledIn = (form: HTMLFormElement): URLSearchParams =>
  new URLSearchParams(
    [...new FormData(form)].flatMap(([name, value]) =>
      name === NOT_LINKED || String(value) === '' ? [] : [[name, String(value)]],
    ),
  )

interface TemplateProps {
  templates: readonly Template[]
  chosen: string
  onChoose(name: string): void
}

const TemplateField = ({ templates, chosen, onChoose }: TemplateProps) => (
  <>
    <label>
      Template
      <select
        name="template"
        value={chosen}
        onChange={(event) => onChoose(event.currentTarget.value)}
        aria-describedby="template-hint"
      >
        {templates.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
    <p class="hint" id="template-hint">
      {templates.find(({ name }) => name === chosen)?.description ?? 'What the session is made from.'}
    </p>
  </>
)

const CommandField = (props: { standard: string; value: string; recent: readonly string[] }) => (
  <>
    <label>
      Command <span class="optional">optional</span>
      <input
        name="command"
        class="mono"
        list="recent-commands"
        placeholder={props.standard}
        defaultValue={props.value}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby="command-hint"
      />
    </label>
    <datalist id="recent-commands">
      {props.recent.map((line) => (
        <option key={line} value={line} />
      ))}
    </datalist>
    <p class="hint" id="command-hint">
      A program and its arguments, quoted as in a shell; empty: the command of the template.
      {props.recent.length > 0 && ' What you ran before is offered as you type.'}
    </p>
  </>
)

const CopyLink = ({ link }: { link: () => string }) => {
  const copied = useSignal(false)
  const copy = (): void => {
    const done = (): void => {
      copied.value = true
    }
    navigator.clipboard.writeText(link()).then(done, () => prompt('The link to this form', link()))
  }
  return (
    <button type="button" class="plain" title="Fills in this form again; variables are left out" onClick={copy}>
      {copied.value ? 'Link copied' : 'Copy link'}
    </button>
  )
}

/** Templates of the cluster; the one in the address is chosen, else the first. */
const useTemplates = (wanted: string | null, onFailure: (reason: string) => void) => {
  const templates = useSignal<readonly Template[]>([])
  const chosen = useSignal('')
  useEffect(() => {
    client.templates().then(
      (loaded) => {
        templates.value = loaded
        chosen.value = (loaded.find(({ name }) => name === wanted) ?? loaded[0])?.name ?? ''
      },
      (error: unknown) => onFailure(explain(error)),
    )
  }, [])
  return { templates, chosen }
}

export const NewSessionPage = ({ list, fields }: { list: SessionList; fields: URLSearchParams }) => {
  const form = useRef<HTMLFormElement>(null)
  const more = useRef<readonly Field[]>([])
  const failure = useSignal<string | null>(null)
  const busy = useSignal(false)
  const { templates, chosen } = useTemplates(fields.get('template'), (reason) => {
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
      const body = readForm(event.target as HTMLFormElement, more.current)
      const session = await client.createSession(body, { waitSeconds: WAIT_SECONDS })
      list.put(session)
      if (session.phase === 'failed') failure.value = `The session failed: ${session.reason ?? 'no reason given'}`
      else go(terminalHref(session.id))
    } catch (error) {
      failure.value = error instanceof SyntaxError ? error.message : explain(error)
    }
    busy.value = false
  }
  const template = templates.value.find(({ name }) => name === chosen.value)
  const others = new URLSearchParams([...fields].filter(([name]) => !OWN.includes(name)))
  return (
    <main class="page narrow">
      <form class="card" ref={form} onSubmit={(event) => void submit(event)}>
        <h1>New session</h1>
        <TemplateField
          templates={templates.value}
          chosen={chosen.value}
          onChoose={(name) => {
            chosen.value = name
          }}
        />
        <CommandField
          standard={joinCommand(template?.command ?? [])}
          value={fields.get('command') ?? ''}
          recent={recentCommands(list.sessions.value, chosen.value)}
        />
        <label>
          Name <span class="optional">optional</span>
          <input name="name" maxLength={128} autocomplete="off" defaultValue={fields.get('name') ?? ''} />
        </label>
        <SchemaForm
          template={template}
          values={others}
          onFields={(found) => {
            more.current = found
          }}
        />
        <Failure text={failure.value} />
        <div class="choices">
          <CopyLink
            link={() => new URL(newSessionHref(filledIn(form.current as HTMLFormElement)), location.href).href}
          />
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
