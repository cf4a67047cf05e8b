/** One answer to every question a program may ask its terminal, whether somebody looks or not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TerminalColors } from '@holdfast/protocol'
import { Screen } from '../src/screen.ts'

class Asked {
  replies = ''
  readonly titles: string[] = []
  readonly screen: Screen

  constructor(colors?: TerminalColors) {
    const ignore = (): void => {}
    const onReply = (text: string): void => {
      this.replies += text
    }
    const onTitle = (title: string): void => {
      this.titles.push(title)
    }
    const options = { cols: 30, rows: 6, scrollbackLines: 5, colors }
    this.screen = new Screen(options, { onReply, onTitle, onBell: ignore, onParsed: ignore })
  }

  async says(output: string): Promise<string> {
    this.replies = ''
    this.screen.write(Buffer.from(output))
    await this.settled()
    return this.replies
  }

  async settled(): Promise<void> {
    await this.screen.render('text', 0)
  }
}

const ANSWERS: [string, string, string][] = [
  ['DA1', '\x1b[c', '\x1b[?1;2c'],
  ['DA2', '\x1b[>c', '\x1b[>0;276;0c'],
  ['DA3', '\x1b[=c', '\x1bP!|00000000\x1b\\'],
  ['XTVERSION', '\x1b[>q', '\x1bP>|holdfast.v1\x1b\\'],
  ['its status', '\x1b[5n', '\x1b[0n'],
  ['the cursor position', '\x1b[2;3H\x1b[6n\x1b[?6n', '\x1b[2;3R\x1b[?2;3R'],
  ['an ANSI mode', '\x1b[4h\x1b[4$p\x1b[20$p', '\x1b[4;1$y\x1b[20;2$y'],
  ['private modes', '\x1b[?2004h\x1b[?2004$p\x1b[?1006$p', '\x1b[?2004;1$y\x1b[?1006;2$y'],
  ['scheme updates', '\x1b[?2031$p\x1b[?2031h\x1b[?2031$p', '\x1b[?2031;2$y\x1b[?2031;1$y'],
  ['margins', '\x1b[2;4r\x1bP$qr\x1b\\', '\x1bP1$r2;4r\x1b\\'],
  ['a palette colour', '\x1b]4;1;?\x07', '\x1b]4;1;rgb:cccc/0000/0000\x1b\\'],
  ['a colour of the cube', '\x1b]4;208;?\x07', '\x1b]4;208;rgb:ffff/8787/0000\x1b\\'],
  ['a colour it has set', '\x1b]4;7;#102030\x07\x1b]4;7;?\x07', '\x1b]4;7;rgb:1010/2020/3030\x1b\\'],
  ['a colour set and restored', '\x1b]11;#fff\x07\x1b]111\x07\x1b]11;?\x07', '\x1b]11;rgb:0000/0000/0000\x1b\\'],
  [
    'three colours at once',
    '\x1b]10;?;?;?\x07',
    '\x1b]10;rgb:ffff/ffff/ffff\x1b\\\x1b]11;rgb:0000/0000/0000\x1b\\\x1b]12;rgb:ffff/ffff/ffff\x1b\\',
  ],
  ['the colour scheme', '\x1b[?996n', '\x1b[?997;1n'],
  ['keyboard flags', '\x1b[?u\x1b[>5u\x1b[?u\x1b[=2;2u\x1b[?u\x1b[<u\x1b[?u', '\x1b[?0u\x1b[?5u\x1b[?7u\x1b[?0u'],
  ['keyboard flags of the other screen', '\x1b[>1u\x1b[?1049h\x1b[?u\x1b[?1049l\x1b[?u', '\x1b[?0u\x1b[?1u'],
  ['keyboard flags after a reset', '\x1b[>1u\x1bc\x1b[?u', '\x1b[?0u'],
  ['modifyOtherKeys', '\x1b[?4m\x1b[>4;2m\x1b[?4m', '\x1b[>4;0m\x1b[>4;2m'],
  ['sizes', '\x1b[18t\x1b[19t\x1b[14t\x1b[16t', '\x1b[8;6;30t\x1b[9;6;30t\x1b[4;96;240t\x1b[6;16;8t'],
  [
    'terminfo names',
    '\x1bP+q544e;436f\x1b\\',
    '\x1bP1+r544e=787465726D2D323536636F6C6F72\x1b\\\x1bP1+r436f=323536\x1b\\',
  ],
  ['an unknown terminfo name', '\x1bP+q7878;zz\x1b\\', '\x1bP0+r7878\x1b\\\x1bP0+rzz\x1b\\'],
]
for (const [what, query, wanted] of ANSWERS) {
  test(`a program that asks for ${what} is answered once`, async () => {
    assert.equal(await new Asked().says(query), wanted)
  })
}

test('titles are never told: what a program wrote would be typed into the shell', async () => {
  assert.equal(await new Asked().says('\x1b]0;; rm -rf ~\x07\x1b[20t\x1b[21t'), '\x1b]L\x1b\\\x1b]l\x1b\\')
})

test('a title that was pushed is back when it is popped', async () => {
  const asked = new Asked()
  await asked.says('\x1b]2;shell\x07\x1b[22;0t\x1b]2;editor\x07\x1b[23;0t')
  assert.equal(asked.screen.title, 'shell')
  assert.deepEqual(asked.titles, ['shell', 'editor', 'shell'])
})

test("colours are those of who looks, under the program's own", async () => {
  const asked = new Asked()
  asked.screen.seedColors({
    foreground: '#010203',
    background: '#fafafa',
    cursor: 'nonsense',
    palette: ['#111111', '#222222'],
  })
  assert.equal(
    await asked.says('\x1b]10;?\x07\x1b]4;1;?\x07'),
    '\x1b]10;rgb:0101/0202/0303\x1b\\\x1b]4;1;rgb:2222/2222/2222\x1b\\',
  )
  assert.equal(await asked.says('\x1b]12;?\x07\x1b[?996n'), '\x1b]12;rgb:ffff/ffff/ffff\x1b\\\x1b[?997;2n')
  assert.equal(await asked.says('\x1b]11;#000\x07\x1b]11;?\x07'), '\x1b]11;rgb:0000/0000/0000\x1b\\')
})

test('colours known before the screen is made are there from its first output on', async () => {
  const asked = new Asked({ background: '#fafafa' })
  assert.equal(await asked.says('\x1b]11;?\x07'), '\x1b]11;rgb:fafa/fafa/fafa\x1b\\')
})

test('only programs that want to know are told of a change of scheme', async () => {
  const asked = new Asked()
  asked.screen.seedColors({ background: '#ffffff' })
  await asked.settled()
  assert.equal(asked.replies, '')
  await asked.says('\x1b[?2031h')
  asked.screen.seedColors({ background: '#000000' })
  await asked.settled()
  assert.equal(asked.replies, '\x1b[?997;1n')
})

test('a question for thousands of terminfo names is answered for a few', async () => {
  const replies = await new Asked().says(`\x1bP+q${'7878;'.repeat(10_000)}\x1b\\`)
  assert.equal(replies.split('\x1bP').length - 1, 32)
})
