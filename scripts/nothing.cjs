// Stands in a bundle for a module that is asked for but never used (scripts/bundle.mjs).
module.exports = {}
