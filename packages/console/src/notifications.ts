/** Words outside the page: of bells and notices while it is hidden, if the user wants them and the browser allows. */
import { changeLook, look } from './look.ts'

/** Asks the browser for its permission where that is needed. Resolves with why not, or null. */
export const switchNotifications = async (): Promise<string | null> => {
  if (look.value.notify) {
    changeLook({ notify: false })
    return null
  }
  if (!('Notification' in globalThis)) return 'This browser has no notifications, or the page did not come by https.'
  if ((await Notification.requestPermission()) !== 'granted') return 'The browser does not allow notifications here.'
  changeLook({ notify: true })
  return null
}

/** Tells the user, if wanted, while the page is hidden. */
export const notify = (title: string, body: string, session: string): void => {
  if (!look.value.notify || !document.hidden || Notification.permission !== 'granted') return
  const told = new Notification(title, { body, tag: session })
  told.onclick = () => {
    focus()
    told.close()
  }
}
