package script

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLongestMatchDecidesTheToken(t *testing.T) {
	for text, want := range map[string][]tokenKind{
		"0...0.1":         {tokInt, tokEllipsis, tokFloat},
		".5...1":          {tokFloat, tokEllipsis, tokInt},
		"1.2.3":           {tokFloat, tokFloat},
		"1.2.3.4":         {tokIPv4},
		"1.2.3.4:":        {tokIPv4, tokPunct},
		"1.2.3.4::":       {tokIPv4, tokIPv6},
		"fd::1":           {tokIPv6},
		"fd::1:":          {tokIPv6, tokPunct},
		"::ffff:1.2.3.4":  {tokIPv6},
		"1:2:3:4:5:6:7:8": {tokIPv6},
		"1:1001(1000)":    {tokInt, tokPunct, tokInt, tokPunct, tokInt, tokPunct},
		"c2: S":           {tokWord, tokPunct, tokWord},
		"-1":              {tokInt},
		"-.5":             {tokFloat},
		"- 1":             {tokPunct, tokInt},
		"-1abc":           {tokInt, tokWord},
		"1abc":            {tokWord},
		"0x1f":            {tokHex},
		"0x1g":            {tokWord},
		"S.5":             {tokWord, tokFloat},
		"--mtu=-1":        {tokOption, tokPunct, tokInt},
		"sequence# a#b":   {tokWord, tokWord},
		"'a''":            {tokInt, tokPunct},
	} {
		toks, _ := lex(text)
		var kinds []tokenKind
		for _, k := range toks[:len(toks)-1] {
			kinds = append(kinds, k.kind)
		}
		require.Equal(t, want, kinds, text)
		require.Equal(t, tokEOF, toks[len(toks)-1].kind, text)
	}
}
