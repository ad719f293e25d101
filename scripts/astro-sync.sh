# shellcheck shell=bash
# Source this in bash or zsh, in ~/.bashrc or ~/.zshrc behind what sets up completion:
#
#   astro sync local-to-deploy …   then runs   astro-sync local-to-deploy …
#
# and every other `astro …` reaches the Astro CLI as it was typed. Sourcing it twice does no harm; no variable is left
# behind, only the functions astro, _astro_sync_complete and _astro_cli_complete.

# `function`, since in `astro()` an alias of that name would be expanded.
function astro {
  if [ "${1-}" = sync ]; then
    shift
    command astro-sync "$@"
  else
    command astro "$@"
  fi
}

# Complete `astro sync …` as click would complete `astro-sync …`, and all else with what completed astro before.
_astro_sync_register_in_bash() {
  _astro_sync_complete() {
    if [ "$COMP_CWORD" -ge 2 ] && [ "${COMP_WORDS[1]}" = sync ]; then
      COMPREPLY=()
      local kind value
      while IFS=, read -r kind value; do
        case $kind in
          plain) COMPREPLY+=("$value") ;;
          file) compopt -o default ;;
          dir) compopt -o dirnames ;;
        esac
      done <<<"$(env COMP_WORDS="astro-sync ${COMP_WORDS[*]:2}" COMP_CWORD=$((COMP_CWORD - 1)) \
        _ASTRO_SYNC_COMPLETE=bash_complete astro-sync 2>/dev/null)"
    else
      _astro_cli_complete "$@"
      if [ "$COMP_CWORD" -eq 1 ] && [[ sync == "${COMP_WORDS[1]}"* ]]; then
        COMPREPLY+=(sync)
      fi
    fi
  }

  local registered name
  if ! complete -p astro >/dev/null 2>&1; then # bash-completion has not been asked for astro yet
    _comp_load astro 2>/dev/null || __load_completion astro 2>/dev/null || :
  fi
  registered=$(complete -p astro 2>/dev/null) || :
  case $registered in
    *' -F _astro_sync_complete '*) ;;
    *' -F '*)
      name=${registered##* -F }
      name=${name%% *}
      eval "_astro_cli_complete() { $name \"\$@\"; }"
      eval "${registered/ -F $name / -F _astro_sync_complete }"
      ;;
    '')
      _astro_cli_complete() { COMPREPLY=(); }
      complete -o bashdefault -o default -F _astro_sync_complete astro
      ;;
  esac
}

# shellcheck disable=SC2034,SC2154  # zsh's completion sets, and reads, variables by their names
_astro_sync_register_in_zsh() {
  _astro_sync_complete() {
    if [ "$CURRENT" -ge 3 ] && [ "${words[2]}" = sync ]; then
      local kind value help
      local -a plain described
      while IFS= read -r kind && IFS= read -r value && IFS= read -r help; do
        case $kind:$help in
          plain:_) plain+=("$value") ;;
          plain:*) described+=("$value:$help") ;;
          dir:*) _path_files -/ && return ;;
        esac
      done <<<"$(env COMP_WORDS="astro-sync ${words[*]:2}" COMP_CWORD=$((CURRENT - 2)) \
        _ASTRO_SYNC_COMPLETE=zsh_complete astro-sync 2>/dev/null)"
      [ "${#described[@]}" -gt 0 ] || [ "${#plain[@]}" -gt 0 ] || _default # files, as bash does
      [ "${#described[@]}" -eq 0 ] || _describe -V astro-sync described
      [ "${#plain[@]}" -eq 0 ] || compadd -V astro-sync -a plain
    else
      if [ "$CURRENT" -eq 2 ]; then
        local -a command
        command=('sync:Carry connections and variables to and from Deployments')
        _describe command command
      fi
      _astro_cli_complete "$@"
    fi
  }

  local registered
  typeset -f compdef >/dev/null || return 0 # compinit has not run
  registered=${_comps[astro]-}
  if [ "$registered" != _astro_sync_complete ]; then
    eval "_astro_cli_complete() { ${registered:-_default} \"\$@\"; }"
    compdef _astro_sync_complete astro
  fi
}

case $-:${BASH_VERSION:+bash}${ZSH_VERSION:+zsh} in
  *i*:bash) _astro_sync_register_in_bash ;;
  *i*:zsh) _astro_sync_register_in_zsh ;;
esac
unset -f _astro_sync_register_in_bash _astro_sync_register_in_zsh
