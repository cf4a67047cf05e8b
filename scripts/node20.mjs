/** What packed code uses and Node 20 lacks, put in where it is used (esbuild's `inject`); tsconfig.node20.json allows nothing else of ES2024. */

const withResolvers = () => {
  const deferred = {}
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }))
  return deferred
}

export { withResolvers as 'Promise.withResolvers' }
