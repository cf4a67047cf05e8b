/** The console's entry: styles, address, sign-in, first render. */
import { render } from 'preact'
import { App } from './app.tsx'
import { checkAccount } from './connection.ts'
import { followKeys } from './keys/actions.ts'
import { wearLook } from './look.ts'
import { followAddress } from './route.ts'
import './style/base.css'
import './style/pages.css'
import './style/sessions.css'
import './style/terminal.css'
import './style/operate.css'
import './style/charts.css'
import './style/wall.css'

followAddress()
followKeys()
wearLook()
void checkAccount()
const root = document.getElementById('app')
if (root) render(<App />, root)
