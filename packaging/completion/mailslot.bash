# Bash completion for mailslot: verbs, options, and the slots that exist on this machine right now.

_mailslot_slots() {
    local names
    # "\" is what bash eats first: offer names that need no quoting only.
    names=$(mailslot list --names 2>/dev/null | grep -E '^[[:alnum:]_.@%+-]+$')
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$1")
}

_mailslot_options() {
    case $1 in
        put) echo '--whole --bytes --wait --no-wait --label --help' ;;
        get) echo '--timeout --json --raw --verbose --help' ;;
        listen)
            echo '--count --timeout --json --raw --with-host --max-messages --max-bytes --access --verbose --help'
            ;;
        list) echo '--json --names --help' ;;
        info) echo '--json --senders --help' ;;
        watch) echo '--json --interval --count --help' ;;
        *) echo '--help --version' ;;
    esac
}

_mailslot() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
    COMPREPLY=()
    case $before in
        --access)
            mapfile -t COMPREPLY < <(compgen -W 'owner group everybody' -- "$word")
            return
            ;;
        --count | --interval | --timeout | --wait | --label | --max-messages | --max-bytes) return ;;
    esac
    if [[ $word == -* ]]; then
        [[ $COMP_CWORD -eq 1 ]] && verb=
        mapfile -t COMPREPLY < <(compgen -W "$(_mailslot_options "$verb")" -- "$word")
    elif [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'put get listen list info watch' -- "$word")
    else
        case $verb in
            put) [[ $COMP_CWORD -eq 2 ]] && _mailslot_slots "$word" ;;
            get | listen | info) _mailslot_slots "$word" ;;
        esac
    fi
}

complete -F _mailslot mailslot
