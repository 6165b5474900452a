# Completion of weir for bash. tests/unit/completions.sh holds its options to those
# of `weir --help`.

_weir() {
	local cur prev word command= at
	local commands='run view generate check report snapshot export alerts record replay
		help'

	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD-1]}
	for ((at = 1; at < COMP_CWORD; at++)); do
		word=${COMP_WORDS[at]}
		if [[ " $commands " == *" $word "* ]]; then
			command=$word
			break
		fi
	done
	# "--option=value" comes as three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi

	case $prev in
	--theme)
		COMPREPLY=($(compgen -W 'dark light mono colour-blind' -- "$cur"))
		return
		;;
	--glyphs)
		COMPREPLY=($(compgen -W 'braille blocks ascii' -- "$cur"))
		return
		;;
	--format)
		COMPREPLY=($(compgen -W 'csv json' -- "$cur"))
		return
		;;
	--from)
		COMPREPLY=($(compgen -W 'beginning end' -- "$cur"))
		return
		;;
	--rate)
		COMPREPLY=($(compgen -W 'max' -- "$cur"))
		return
		;;
	--store)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	--asciicast)
		COMPREPLY=($(compgen -W '2 3' -- "$cur"))
		return
		;;
	-F | --config | --snapshot | --script | --record | --bundle)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	--on-alert)
		COMPREPLY=($(compgen -c -- "$cur"))
		return
		;;
	-b | --brokers | -t | --topic | -X | --property | --group | \
		--dead-letters | --events | --duration | --seed | --bad | \
		--generators | --memory | --snapshot-every | --snapshot-keep | \
		--snapshot-keep-for | --alerts-topic | --size)
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W '-b --brokers -t --topic -X --property
			-F --config --from --group --dead-letters --rate --events
			--duration --seed --bad --generators --no-generate --store
			--fresh --memory --snapshot --snapshot-every --snapshot-keep
			--snapshot-keep-for --format --notify --on-alert
			--alerts-topic --test --stdout --headless --theme --glyphs
			--ascii --mouse --no-bell --notify-terminal --script
			--record --record-keys --asciicast --size --realtime --bundle
			--help --version' -- "$cur"))
		return
	fi
	case $command in
	'')
		COMPREPLY=($(compgen -W "$commands" -- "$cur")
			$(compgen -f -- "$cur"))
		;;
	help) ;;
	*)
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	esac
}

complete -o filenames -F _weir weir
