package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// completeInPlainBash makes `completion bash` print a script that also works
// without the package bash-completion, of which cobra's calls a function.
func completeInPlainBash(completion *cobra.Command) {
	for _, shell := range completion.Commands() {
		if shell.Name() != "bash" {
			continue
		}
		generate := shell.RunE
		shell.Long = `Print the script that completes commands, flags and names of saved credentials in bash.

For this session:     source <(connector completion bash)
For every session:    connector completion bash >~/.connector-completion
                      echo 'source ~/.connector-completion' >>~/.bashrc
`
		shell.RunE = func(cmd *cobra.Command, args []string) error {
			if err := generate(cmd, args); err != nil {
				return err
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), plainBash)
			return err
		}
	}
}

// plainBash replaces a function of cobra's script, which calls
// _get_comp_words_by_ref of bash-completion to join the words that bash splits at
// "=" and ":". Where that is not installed, it joins them itself.
const plainBash = `
__connector_init_completion()
{
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    words=() cword=0
    local i rest="$COMP_LINE" glued
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        glued=
        [[ -n ${COMP_WORDS[i]} && $rest == "${COMP_WORDS[i]}"* ]] && glued=yes
        rest="${rest#*"${COMP_WORDS[i]}"}"
        if [[ $i -gt 0 && -n $glued && (${COMP_WORDS[i]} == [=:]* || ${COMP_WORDS[i-1]} == *[=:]) ]]; then
            words[${#words[@]}-1]+="${COMP_WORDS[i]}"
        else
            words+=("${COMP_WORDS[i]}")
        fi
        ((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))
    done
    cur="${words[cword]}" prev=
    ((cword > 0)) && prev="${words[cword-1]}"
}
`
