/** A table of the operate page: its heads, and a place for what can be done with a row. */
import type { ComponentChildren } from 'preact'

interface Props {
  label: string
  heads: readonly string[]
  /** Is there a last column with buttons? */
  acts?: boolean
  children: ComponentChildren
}

export const DataTable = ({ label, heads, acts = false, children }: Props) => (
  <table class="data" aria-label={label}>
    <thead>
      <tr>
        {heads.map((title) => (
          <th key={title} scope="col">
            {title}
          </th>
        ))}
        {acts && (
          <th scope="col">
            <span class="only-heard">Actions</span>
          </th>
        )}
      </tr>
    </thead>
    <tbody>{children}</tbody>
  </table>
)
