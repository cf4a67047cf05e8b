/** A session resource for tests, with the fields that matter to the test on top, and what the API says of it. */
import type { Session, Why } from '@holdfast/protocol'

export const fakeSession = (fields: Partial<Session> & { id: string }): Session => ({
  name: fields.id,
  phase: 'running',
  conditions: [],
  template: 'shell',
  command: 'bash',
  args: ['-l'],
  cwd: '/home/dev',
  title: '',
  cols: 80,
  rows: 24,
  sizePolicy: 'latest',
  clipboard: 'controller',
  labels: {},
  node: 'local',
  runtime: 'docker',
  region: 'local',
  viewers: 0,
  createdAt: new Date().toISOString(),
  ...fields,
})

export const fakeWhy = ({ phase, conditions, createdAt }: Session): Why => ({
  summary: `${phase}: nothing stands in the way`,
  phase,
  since: createdAt,
  owner: 'the command',
  waiting: null,
  deadline: null,
  conditions,
})
