# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion for the lifeline plugins. What can be completed is asked of the
# plugin itself, so that nothing has to be kept in step here.

# _lifeline_column PLUGIN --list-X: the first column of a table, each with
# the "=" that comes behind it.
_lifeline_column()
{
	local first _

	while IFS=$'\t' read -r first _; do
		printf '%s=\n' "$first"
	done < <("$1" "$2" 2>/dev/null)
}

# _lifeline_values PLUGIN OPTION ARGUMENT PERMITTED VALUE: what the value may
# be, a word a line; one that ends in "=" goes on.
_lifeline_values()
{
	local plugin=$1 option=$2 argument=$3 permitted=$4 value=$5

	case $option in
	--rule)
		if [[ $value == *=* ]]; then
			printf "%s=%s\n" "${value%%=*}" ok \
				"${value%%=*}" warning \
				"${value%%=*}" critical \
				"${value%%=*}" unknown \
				"${value%%=*}" ignore
		else
			_lifeline_column "$plugin" --list-rules
		fi
		;;
	--warning | --critical)
		_lifeline_column "$plugin" --list-metrics
		;;
	--extra-opts)
		[[ $value == *@* ]] &&
			compgen -P "${value%%@*}@" -f -- "${value#*@}"
		;;
	*)
		if [[ $argument == *FILE* ]]; then
			compgen -f -- "$value"
		elif [[ $argument == *DIRECTORY* ]]; then
			compgen -d -- "$value"
		elif [[ $permitted == *,* ]]; then
			printf '%s\n' "${permitted//, /$'\n'}"
		fi
		;;
	esac
}

# _lifeline_candidates PLUGIN OPTION VALUE: the values of the option where it
# takes one, else all options; a word a line.
_lifeline_candidates()
{
	local plugin=$1 option=$2 value=$3
	local letter name argument permitted all='' _

	while IFS=$'\t' read -r letter name _ argument permitted _; do
		if [[ $argument == - ]]; then
			all+=$name$'\n'
			continue
		fi
		all+="$name="$'\n'
		if [[ $option == "$name" || $option == "$letter" ]]; then
			_lifeline_values "$plugin" "$name" "$argument" \
				"$permitted" "$value"
			return
		fi
	done < <("$plugin" --list-options 2>/dev/null)
	printf '%s' "$all"
}

_lifeline_plugin()
{
	local plugin=$1
	local line=${COMP_LINE:0:COMP_POINT}
	local word=${line##*[[:blank:]]}
	local option='' value=$word front='' one
	local -a before

	read -ra before <<<"${line%"$word"}"
	if [[ $word == --*=* ]]; then
		option=${word%%=*}
		value=${word#*=}
		front=$option=
	else
		option=${before[${#before[@]} - 1]}
	fi
	COMPREPLY=()
	while read -r one; do
		[[ -n $one && $one == "$value"* ]] && COMPREPLY+=("$front$one")
	done < <(_lifeline_candidates "$plugin" "$option" "$value")
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi

	# Readline has split the word at "=" and the like, and puts what is
	# replied in place of the last piece only.
	front=${word%"${word##*["$COMP_WORDBREAKS"]}"}
	COMPREPLY=("${COMPREPLY[@]#"$front"}")
	return 0
}

complete -F _lifeline_plugin check_dns_delegation check_dns_secondary check_mail_flow check_mx check_status_page
