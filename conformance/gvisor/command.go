package gvisor

import (
	"strings"
)

// Command carries out shell commands of a script: sysctl in its usual forms
// ("sysctl -q a=b", "sysctl -w a=b c=d", quoted values), several of them when
// separated by newlines, semicolons or &&. Flushing the metrics cache and
// queueing disciplines are accepted, because netstack has neither. Other
// commands are an error that wraps conformance.ErrUnsupported. Commands before
// the one that failed have taken effect.
func (in *Instance) Command(cmd string) error {
	if in.closed {
		return errClosed
	}
	for _, words := range commands(cmd) {
		if err := in.run(words); err != nil {
			return err
		}
	}
	return nil
}

// run carries out one command, given as words without redirections.
func (in *Instance) run(words []string) error {
	line := strings.Join(words, " ")
	switch {
	case words[0] == "sysctl":
		for _, w := range words[1:] {
			if strings.HasPrefix(w, "-") {
				continue
			}
			name, text, ok := strings.Cut(w, "=")
			if !ok {
				return unsupported("command %q: only assignments", line)
			}
			if err := in.sysctl(name, text); err != nil {
				return err
			}
		}
		return nil
	case words[0] == "true", words[0] == ":",
		strings.HasPrefix(line, "ip tcp_metrics flush"),
		strings.HasPrefix(line, "tc qdisc add") && strings.HasSuffix(line, "root pfifo"):
		return nil
	}
	return unsupported("command %q: there is no shell in process, only sysctl", line)
}

// commands splits a script's text into commands and those into words, with the
// shell's quotes, comments, backslash-newline and redirections to files.
func commands(text string) [][]string {
	text = strings.ReplaceAll(text, "\\\n", " ")
	text = strings.ReplaceAll(text, "&&", ";")
	var all [][]string
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	endWord := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		endWord()
		if words = dropRedirections(words); len(words) > 0 {
			all = append(all, words)
		}
		words = nil
	}
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(ch)
		case ch == '\'' || ch == '"':
			quote, inWord = ch, true
		case ch == '#' && !inWord:
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				end = len(text) - i
			}
			i += end - 1
		case ch == ';' || ch == '\n':
			endCommand()
		case ch == ' ' || ch == '\t' || ch == '\r':
			endWord()
		default:
			word.WriteByte(ch)
			inWord = true
		}
	}
	endCommand()
	return all
}

// dropRedirections takes "> file", ">file" and "2>&1" out of a command.
func dropRedirections(words []string) []string {
	kept := words[:0]
	for i := 0; i < len(words); i++ {
		w := strings.TrimLeft(words[i], "012&")
		switch {
		case w == ">" || w == ">>" || w == "<":
			i++
		case strings.HasPrefix(w, ">") || strings.HasPrefix(w, "<"):
		default:
			kept = append(kept, words[i])
		}
	}
	return kept
}
