package mutant

import (
	"fmt"
	"go/token"
	"strings"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// Names of environment variables of the woven program.
const (
	// SeenName names the file that learns which mutants made a difference (Seen). It
	// is there, and long enough.
	SeenName = "SOCKSPEC_SEEN"
	// LimitName is the most processor time, in seconds. Beyond, the kernel kills.
	LimitName = "SOCKSPEC_CPU"
)

// mostMemory is how much the program may take: a mutant may ask for all there is.
const mostMemory int64 = 3 << 30

// switchHead is the beginning of the package that the woven files import. A
// function here gives the program's own value unless its mutant is on, and asks
// On only where the two differ: what On has not heard of in a whole run would
// have changed nothing in it.
const switchHead = `package planted

import (
	"cmp"
	"encoding/binary"
	"os"
	"strconv"
	"syscall"
)

type Int interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type Num interface{ Int | ~float32 | ~float64 }

var (
	chosen = setting("%s")
	all    = open(os.Getenv("%s"))
	seen   = all // by the test that runs
)

const row = %d

// Enter says which test begins. Each has its own octets.
func Enter(test int) {
	if all == nil {
		return
	}
	seen = all[test*row:]
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) == nil {
		binary.LittleEndian.PutUint64(seen[row-8:], uint64(u.Utime.Nano()+u.Stime.Nano()))
	}
}

func init() {
	if n := setting("%[4]s"); n > 0 {
		_ = syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: uint64(n), Max: uint64(n)})
		_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: %[5]d, Max: %[5]d})
	}
}

func setting(name string) int { n, _ := strconv.Atoi(os.Getenv(name)); return n }

func open(name string) []byte {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	s, err := f.Stat()
	if err != nil {
		panic(err)
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(s.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return b
}

func On(n int) bool {
	if seen != nil {
		seen[n] = 1
	}
	return n == chosen
}

func Pick[T comparable](n int, bad, good T) T { if bad != good && On(n) { return bad }; return good }
func Neg[T Num](n int, x T) T { if x != -x && On(n) { return x }; return -x }
func Plus[T Num](n int, x T) T { if x != -x && On(n) { return -x }; return x }
func Less[T cmp.Ordered](n int, x, y T) bool { return x < y || x == y && On(n) }
func LessEq[T cmp.Ordered](n int, x, y T) bool { return x <= y && !(x == y && On(n)) }
func Greater[T cmp.Ordered](n int, x, y T) bool { return x > y || x == y && On(n) }
func GreaterEq[T cmp.Ordered](n int, x, y T) bool { return x >= y && !(x == y && On(n)) }
func Shl[T, S Int](n int, x T, y S) T { if x<<y != x>>y && On(n) { return x >> y }; return x << y }
func Shr[T, S Int](n int, x T, y S) T { if x>>y != x<<y && On(n) { return x << y }; return x >> y }
func Mul[T Num](n int, x, y T) T { if (y == 0 || x*y != x/y) && On(n) { return x / y }; return x * y }
`

// operations are those whose two values can be worked out side by side.
var operations = map[token.Token]string{token.ADD: "Num", token.SUB: "Num", token.QUO: "Num", token.REM: "Int",
	token.AND: "Int", token.OR: "Int", token.XOR: "Int", token.AND_NOT: "Int"}

// Switch is the source of the package that the woven files import, with n the
// largest number of a mutant.
func Switch(n int) string {
	out := &strings.Builder{}
	fmt.Fprintf(out, switchHead, woven.EnvName, SeenName, seenRow(n), LimitName, mostMemory)
	for op, kind := range operations {
		is := changes["INVERT_BITWISE"][op]
		if is == token.ILLEGAL {
			is = changes["ARITHMETIC_BASE"][op]
		}
		fmt.Fprintf(out, "func %s[T %s](n int, x, y T) T { if x %s y != x %s y && On(n) { return x %[4]s y }; return x %[3]s y }\n", names[op], kind, op, is)
	}
	return out.String()
}
