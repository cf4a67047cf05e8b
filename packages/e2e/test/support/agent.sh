#!/bin/sh
# Stands in for a coding agent: asks once, then does what it was told.
printf 'I would like to %s. Proceed? (y/n) ' "$1"
read -r answer
echo "$1: done, as you said $answer"
