/** The cluster that tests may use, by kubectl. */
import { command, dockerIsMissing } from './stack.ts'

const kubeconfig = process.env.HOLDFAST_KUBECONFIG ?? ''

/** Its standard output; rejects with what it says on standard error. */
export const kubectl = (...args: string[]): Promise<string> => command('kubectl', '--kubeconfig', kubeconfig, ...args)

const answers = async (): Promise<boolean> =>
  kubectl('get', '--raw', '/readyz', '--request-timeout=5s').then(
    () => true,
    () => false,
  )

/** Why there are no pods to be had; false when there are. */
export const whyNoCluster: string | false =
  kubeconfig === '' || !(await answers())
    ? 'HOLDFAST_KUBECONFIG names no cluster that answers (npm run test:k8s)'
    : dockerIsMissing
