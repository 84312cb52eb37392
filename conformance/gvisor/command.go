package gvisor

import "strings"

// Command carries out the one shell command that a stack in process can:
// sysctl with assignments ("sysctl -q a=b", "sysctl -w a=b c='1 2 3'"). The
// others are an error that wraps conformance.ErrUnsupported. Assignments before
// the one that failed have taken effect, as in sysctl itself.
func (in *Instance) Command(cmd string) error {
	if in.closed {
		return errClosed
	}
	words := split(cmd)
	if len(words) == 0 || words[0] != "sysctl" {
		return unsupported("command %q: there is no shell in process, only sysctl", cmd)
	}
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") {
			continue // how to report
		}
		name, text, ok := strings.Cut(w, "=")
		if !ok {
			return unsupported("command %q: only assignments", cmd)
		}
		if err := in.sysctl(name, text); err != nil {
			return err
		}
	}
	return nil
}

// split cuts a command into words at blanks outside of quotes, and drops the
// quotes.
func split(cmd string) []string {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	for _, ch := range cmd + " " {
		switch {
		case quote != 0 && ch == quote:
			quote = 0
		case quote == 0 && (ch == '\'' || ch == '"'):
			quote, inWord = ch, true
		case quote == 0 && strings.ContainsRune(" \t\r\n", ch):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(ch)
			inWord = true
		}
	}
	return words
}
