// Go's net/http, with the small answer of all contenders of bench/http.ts. One thread, like the others.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
)

var hello = []byte("hello\n")

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	err = http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("Content-Type", "text/plain; charset=utf-8")
		response.Write(hello)
	}))
	fmt.Fprintln(os.Stderr, err)
}
