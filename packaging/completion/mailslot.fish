# Fish completion for mailslot: verbs and options as its own help names them, and slots that exist right now.

function __mailslot_verbs
    mailslot --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\)  *\(.*\)/\1\t\2/p'
end

function __mailslot_options
    set -l words (commandline -opc)
    mailslot $words[2] --help 2>/dev/null | sed -n '/^Options:/,/^$/s/^  [-a-z,]*\(--[a-z-]*\)[^ ]* *\(.*\)/\1\t\2/p'
end

complete -c mailslot -f
complete -c mailslot -n __fish_use_subcommand -a '(__mailslot_verbs)'
complete -c mailslot -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__mailslot_options)'
complete -c mailslot -n '__fish_seen_subcommand_from get listen wait info' -a '(mailslot list --names 2>/dev/null)'
complete -c mailslot -n 'test (commandline -opc)[-1] = --when-full' -a 'refuse drop_oldest'
complete -c mailslot -n 'test (commandline -opc)[-1] = --order' -a 'kept as_it_comes'
complete -c mailslot -n 'test (commandline -opc)[-1] = --require' -a 'none domain local'
complete -c mailslot -n 'test (commandline -opc)[-1] = key' -a 'new list export import rotate remove'
complete -c mailslot -n '__fish_seen_subcommand_from put who signal doctor' \
    -a '(mailslot list --network --timeout 200 --names 2>/dev/null | string replace -a \\\\ /)'
