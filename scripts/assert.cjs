// Stands in a bundle for Node's module, of which only this is used (scripts/bundle.mjs).
module.exports = (holds, message) => {
  if (!holds) throw new Error(message)
}
