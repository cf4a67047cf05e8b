/** Draws as coding agents do, to be recorded: a box and a spinner redrawn in place, each frame synchronized, answers that scroll away above. */

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const ANSWERS = [
  'I will look at the tests first. 🔍 Three of them fail: `resize`, `wide` and `漢字`.',
  '\x1b[1mPlan\x1b[22m\n  1. read \x1b]8;;file:///src/screen.ts\x1b\\\x1b[36msrc/screen.ts\x1b[39m\x1b]8;;\x1b\\\n  2. change it\n  3. run the tests ✅',
  '\x1b[32m+ const width = widthOf(text)\x1b[39m\n\x1b[31m- const width = text.length\x1b[39m\n\x1b[2m  return width\x1b[22m',
  'Family 👨‍👩‍👧, flags 🇩🇪🇫🇷, thumbs 👍🏽, combined é ü, \x1b[4:3m\x1b[58:2::255:80:80mmisspelt\x1b[59m\x1b[24m, \x1b[38;2;255;140;0mtruecolor\x1b[39m.',
]
const write = (text: string): void => void process.stdout.write(text)
const width = process.stdout.columns ?? 80

const box = (frame: number, typed: string): string[] => {
  const bar = '█'.repeat(frame % 20) + '░'.repeat(20 - (frame % 20))
  return [
    `\x1b[38;5;${200 + (frame % 20)}m${SPINNER[frame % SPINNER.length]}\x1b[39m Thinking… \x1b[2m(${frame}s · ↑ ${frame * 37} tokens · esc to interrupt)\x1b[22m`,
    `\x1b[48;5;236m ${bar} ${frame % 100} % \x1b[49m`,
    `╭${'─'.repeat(width - 2)}╮`,
    `│ > ${typed}\x1b[7m \x1b[27m${' '.repeat(Math.max(0, width - 6 - typed.length))}│`,
    `╰${'─'.repeat(width - 2)}╯`,
  ]
}

const eraseLines = (count: number): string => `\x1b[2K${'\x1b[1A\x1b[2K'.repeat(Math.max(0, count - 1))}\x1b[G`

write('\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[>1u\x1b[>4;2m\x1b]0;✳ agent\x07')
let drawn = 0
for (let frame = 0; frame < 120; frame++) {
  const lines = box(frame, 'fix the failing tests'.slice(0, frame / 4))
  const answer =
    frame % 20 === 19 ? `${ANSWERS[((frame / 20) % ANSWERS.length) | 0]?.replaceAll('\n', '\r\n')}\r\n\r\n` : ''
  write(`\x1b[?2026h${eraseLines(drawn)}${answer}${lines.join('\r\n')}\x1b[?2026l`)
  drawn = lines.length
}
write(`${eraseLines(drawn)}done\r\n\x1b[<u\x1b[>4m\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b]0;\x07`)
