/** The platform's modal dialog as a component: Escape, a click beside it, and the way back to where the focus was. */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export interface DialogProps {
  open: boolean
  label: string
  class?: string
  onClose(): void
  children: ComponentChildren
}

export const Dialog = ({ open, label, class: name = '', onClose, children }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal()
    if (!open) dialog.current?.close()
  }, [open])
  return (
    <dialog
      ref={dialog}
      class={`card ${name}`}
      aria-label={open ? label : undefined}
      onClose={() => {
        if (!dialog.current?.open) onClose() // it may be open again
      }}
      onPointerDown={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      {open && children}
    </dialog>
  )
}
