# Bash completion for mailslot: verbs, options, and the slots that exist right now, here and on machines that answer.

_mailslot_slots() {
    local names
    # "\" is what bash eats first: offer names that need no quoting only.
    names=$(mailslot list --names 2>/dev/null | grep -E '^[[:alnum:]_.@%+-]+$')
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$1")
}

# Names of this machine's slots and addresses of others', as asked for at most every 10 seconds.
_mailslot_addresses() {
    local now
    printf -v now '%(%s)T' -1
    if ((now - ${_mailslot_asked:-0} > 10)); then
        _mailslot_found=$(mailslot list --network --timeout 200 --names 2>/dev/null | tr '\134' / |
            grep -E '^[[:alnum:]_.@%+/-]+$')
        _mailslot_asked=$now
    fi
    mapfile -t COMPREPLY < <(compgen -W "$_mailslot_found" -- "$1")
}

_mailslot_options() {
    case $1 in
        put) echo '--whole --bytes --wait --no-wait --stop-on-error --label --verbose --help' ;;
        net-send) echo '--help' ;;
        get) echo '--timeout --json --raw --decode --verbose --help' ;;
        listen)
            echo '--count --timeout --json --raw --decode --with-host --max-messages --max-bytes --when-full --order --access --require --verbose --help'
            ;;
        doctor) echo '--peer --timeout --json --help' ;;
        wait) echo '--timeout --json --access --require --verbose --help' ;;
        signal) echo '--until-heard --no-check --timeout --verbose --help' ;;
        list) echo '--json --names --network --timeout --help' ;;
        who) echo '--timeout --json --names --help' ;;
        info) echo '--json --senders --help' ;;
        watch) echo '--json --interval --count --help' ;;
        key) echo '--output --replace --finish --json --help' ;;
        *) echo '--help --version' ;;
    esac
}

# Actions, then domains that have a key here; for import files.
_mailslot_key() {
    local names
    if [[ $COMP_CWORD -eq 2 ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'new list export import rotate remove' -- "$1")
    elif [[ ${COMP_WORDS[2]} == import ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$1")
    elif [[ $COMP_CWORD -eq 3 ]]; then
        names=$(mailslot key list 2>/dev/null | awk 'NR > 1 && !seen[$1]++ { print $1 }' | grep -E '^[[:alnum:]_.@%+-]+$')
        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$1")
    fi
}

_mailslot() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
    COMPREPLY=()
    case $before in
        --access)
            mapfile -t COMPREPLY < <(compgen -W 'owner group everybody' -- "$word")
            return
            ;;
        --when-full)
            mapfile -t COMPREPLY < <(compgen -W 'refuse drop_oldest' -- "$word")
            return
            ;;
        --order)
            mapfile -t COMPREPLY < <(compgen -W 'kept as_it_comes' -- "$word")
            return
            ;;
        --require)
            mapfile -t COMPREPLY < <(compgen -W 'none domain local' -- "$word")
            return
            ;;
        --output)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --count | --interval | --timeout | --peer | --wait | --label | --max-messages | --max-bytes) return ;;
    esac
    if [[ $word == -* ]]; then
        [[ $COMP_CWORD -eq 1 ]] && verb=
        mapfile -t COMPREPLY < <(compgen -W "$(_mailslot_options "$verb")" -- "$word")
    elif [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'put net-send get listen wait signal list who info watch doctor key' -- "$word")
    else
        case $verb in
            put) [[ $COMP_CWORD -eq 2 ]] && _mailslot_addresses "$word" ;;
            who | signal | doctor) _mailslot_addresses "$word" ;;
            get | listen | wait | info) _mailslot_slots "$word" ;;
            key) _mailslot_key "$word" ;;
        esac
    fi
}

complete -F _mailslot mailslot
