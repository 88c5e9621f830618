# Fish completion for mailslot. The program says which words it takes; this script finds the slots that exist right now,
# here and on machines that answer, and the domains that have a key here.

function __mailslot_domains
    if test "$argv[1]" = import
        __fish_complete_path (commandline -ct)
    else
        mailslot key list 2>/dev/null | awk 'NR > 1 && !seen[$1]++ { print $1 }'
    end
end

function __mailslot_offers
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l offers (mailslot --complete $words[2..-1] "$word" 2>/dev/null)
    switch "$offers[1]"
        case :slots
            mailslot list --names 2>/dev/null
        case :addresses
            mailslot list --network --timeout 200 --names 2>/dev/null | string replace -a \\ /
        case :domains
            __mailslot_domains $words[3]
        case :files
            __fish_complete_path "$word"
        case '?*'
            printf '%s\n' $offers
    end
end

complete -c mailslot -f -a '(__mailslot_offers)'
