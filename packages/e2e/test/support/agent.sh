#!/bin/sh
# Stands in for a coding agent: asks once, then does what it was told.
printf 'I would like to %s. Proceed? (y/n) ' "$1"
read -r answer
echo "$1: done, as you said $answer"
sleep 0.3 # tmux may lose the end of what is written in the moment of the exit
