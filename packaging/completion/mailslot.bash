# Bash completion for mailslot. The program says which words it takes; this script finds the slots that exist right now,
# here and on machines that answer, and the domains that have a key here.

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

# Domains that have a key here; for import files.
_mailslot_domains() {
    local names
    if [[ ${COMP_WORDS[2]} == import ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$1")
    else
        names=$(mailslot key list 2>/dev/null | awk 'NR > 1 && !seen[$1]++ { print $1 }' | grep -E '^[[:alnum:]_.@%+-]+$')
        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$1")
    fi
}

_mailslot() {
    local word=${COMP_WORDS[COMP_CWORD]} offers
    COMPREPLY=()
    offers=$(mailslot --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1)
    case $offers in
        :slots) _mailslot_slots "$word" ;;
        :addresses) _mailslot_addresses "$word" ;;
        :domains) _mailslot_domains "$word" ;;
        :files) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$offers" -- "$word") ;;
    esac
}

complete -F _mailslot mailslot
