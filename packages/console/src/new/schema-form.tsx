/** Everything else that a session can be made with, as the server describes it; asked for when it is opened. */
import type { Template } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { base } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { type Field, fieldsOf, nameOf, type Schema, standardOf } from './schema-fields.ts'

/** The form asks for these itself, or they are for programs. */
const WITHOUT = ['template', 'command', 'args', 'name', 'resume', 'continues']

/** The description of a create in the server's OpenAPI document. */
const loadFields = async (): Promise<Field[]> => {
  const answer = await fetch(`${base}/v1/openapi.json`)
  if (!answer.ok) throw new Error(`The gateway answered ${answer.status}.`)
  const { paths } = (await answer.json()) as { paths: Record<string, { post?: { requestBody?: unknown } }> }
  const body = paths['/v1/sessions']?.post?.requestBody as { content: Record<string, { schema: Schema }> } | undefined
  return fieldsOf(body?.content['application/json']?.schema ?? {}, WITHOUT)
}

const Control = ({ field, standard, value }: { field: Field; standard: string; value: string }) => {
  const common = { id: nameOf(field), name: nameOf(field), 'aria-describedby': `${nameOf(field)}-hint` }
  if (field.kind === 'choice')
    return (
      <select {...common}>
        <option value="">{standard === '' ? '' : `${standard} (of the template)`}</option>
        {field.choices.map((choice) => (
          <option key={choice} selected={choice === value}>
            {choice}
          </option>
        ))}
      </select>
    )
  if (field.kind === 'entries')
    return (
      <textarea {...common} class="mono" rows={2} placeholder="name=value" spellcheck={false} defaultValue={value} />
    )
  if (field.kind === 'number')
    return (
      <input
        {...common}
        type="number"
        min={field.min}
        max={field.max}
        step={field.whole ? 1 : 'any'}
        placeholder={standard}
        defaultValue={value}
      />
    )
  const { maxLength } = field
  return (
    <input
      {...common}
      {...(maxLength === undefined ? {} : { maxLength })}
      placeholder={standard}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      defaultValue={value}
    />
  )
}

interface Props {
  template: Template | undefined
  /** The texts of fields that are filled in from the start. */
  values: URLSearchParams
  onFields(fields: readonly Field[]): void
}

export const SchemaForm = ({ template, values, onFields }: Props) => {
  const fields = useSignal<readonly Field[]>([])
  const failure = useSignal<string | null>(null)
  const load = async (): Promise<void> => {
    if (fields.value.length > 0) return
    failure.value = null
    try {
      fields.value = await loadFields()
      onFields(fields.value)
    } catch (error) {
      failure.value = `What else can be chosen could not be loaded. ${error instanceof Error ? error.message : ''}`
    }
  }
  return (
    <details
      class="more"
      open={[...values.keys()].length > 0}
      onToggle={(event) => event.currentTarget.open && void load()}
    >
      <summary>More: directory, environment, labels, limits, times</summary>
      <Failure text={failure.value} />
      <div class="more-fields">
        {fields.value.map((field) => (
          <div key={nameOf(field)}>
            <label for={nameOf(field)}>
              <code>{nameOf(field)}</code>
            </label>
            <Control field={field} standard={standardOf(field, template)} value={values.get(nameOf(field)) ?? ''} />
            <p class="hint" id={`${nameOf(field)}-hint`}>
              {field.hint}
            </p>
          </div>
        ))}
      </div>
    </details>
  )
}
