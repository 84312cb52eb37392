package mutant

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the go command runs says that it begins, and nothing else does. Lines stay where they are.
func TestEachTestSaysThatItBegins(t *testing.T) {
	names := []string{"TestOfAnotherFile"}
	out, err := weaveTests(`package p

func TestMain(m *testing.M) { m.Run() }
func Test(t *testing.T) {}
func helper() {}
func (s *suite) TestMethod(t *testing.T) {}
func FuzzX(f *testing.F) { f.Add(1) }
func Testify() {}
func ExampleX() {
	// Output:
}
`, &names)
	require.NoError(t, err)
	require.Equal(t, []string{"TestOfAnotherFile", "Test", "FuzzX", "ExampleX"}, names)
	require.Equal(t, `package p; import "github.com/sockspec/sockspec/planted"

func TestMain(m *testing.M) { m.Run() }
func Test(t *testing.T) { planted.Enter(2); }
func helper() {}
func (s *suite) TestMethod(t *testing.T) {}
func FuzzX(f *testing.F) { planted.Enter(3);  f.Add(1) }
func Testify() {}
func ExampleX() { planted.Enter(4); 
	// Output:
}
`, out)
	const none = "package p\n\nfunc helper() {}\n"
	out, err = weaveTests(none, &names)
	require.NoError(t, err)
	require.Equal(t, none, out)
}
