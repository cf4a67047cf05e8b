/** How the list is looked at; kept while the user is on other pages. */
import { signal } from '@preact/signals'
import { Chosen } from './chosen.ts'
import { NEWEST, type Order } from './order.ts'

export const filter = signal('')
export const order = signal<Order>(NEWEST)
export const chosen = new Chosen()
