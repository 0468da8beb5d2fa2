// Checks notes, checkpoints and proofs with Go's own golang.org/x/mod/sumdb packages, which know nothing of Fieldseal.
//
//	check note        VKEY NOTE                      the note is signed by the key
//	check checkpoint  VKEY CHECKPOINT                and its text states a tree
//	check inclusion   VKEY PROOF LEAF                and the tree holds the leaf, by a c2sp.org/tlog-proof@v1 file
//	check consistency VKEY OLD NEW HASHES            and the new tree continues the old one; HASHES one a line in base64
//	check log         VKEY FOLDER                    a whole log's files: every tile, and every entry in its place
//	check tile        LEVEL INDEX WIDTH              prints the tile's path
//
// VKEY is the key itself; all others are files. Exit 0 and a line on stdout when it holds, 1 and the reason when not.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	message, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(message)
}

func run(args []string) (string, error) {
	switch {
	case len(args) == 3 && args[0] == "note":
		text, err := openNote(args[1], mustRead(args[2]))
		return fmt.Sprintf("%d bytes of text", len(text)), err
	case len(args) == 3 && args[0] == "checkpoint":
		tree, err := openCheckpoint(args[1], mustRead(args[2]))
		return fmt.Sprintf("%d %s", tree.N, tree.Hash), err
	case len(args) == 4 && args[0] == "inclusion":
		return checkInclusion(args[1], mustRead(args[2]), mustRead(args[3]))
	case len(args) == 5 && args[0] == "consistency":
		return checkConsistency(args[1], mustRead(args[2]), mustRead(args[3]), mustRead(args[4]))
	case len(args) == 3 && args[0] == "log":
		return checkLog(args[1], args[2])
	case len(args) == 4 && args[0] == "tile":
		level, _ := strconv.Atoi(args[1])
		index, _ := strconv.ParseInt(args[2], 10, 64)
		width, _ := strconv.Atoi(args[3])
		return tlog.Tile{H: 8, L: level, N: index, W: width}.Path(), nil
	}
	return "", fmt.Errorf("wrong usage: %q", args)
}

func mustRead(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return data
}

// openNote gives the text of a note that the key has signed.
func openNote(vkey string, data []byte) (string, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

// openCheckpoint gives the tree of a signed checkpoint. The package knows but one origin, so ours is taken off first.
func openCheckpoint(vkey string, data []byte) (tlog.Tree, error) {
	text, err := openNote(vkey, data)
	if err != nil {
		return tlog.Tree{}, err
	}
	origin, rest, _ := strings.Cut(text, "\n")
	if name, _, _ := strings.Cut(vkey, "+"); name != origin {
		return tlog.Tree{}, fmt.Errorf("the origin %q is not the key's name", origin)
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

func checkInclusion(vkey string, proof, leaf []byte) (string, error) {
	head, checkpoint, found := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", fmt.Errorf("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	hashes, err := parseHashes(lines[2:])
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(vkey, checkpoint)
	if err != nil {
		return "", err
	}
	err = tlog.CheckRecord(tlog.RecordProof(hashes), tree.N, tree.Hash, index, tlog.RecordHash(leaf))
	return fmt.Sprintf("leaf %d of %d", index, tree.N), err
}

func checkConsistency(vkey string, old, new, list []byte) (string, error) {
	before, err := openCheckpoint(vkey, old)
	if err != nil {
		return "", err
	}
	after, err := openCheckpoint(vkey, new)
	if err != nil {
		return "", err
	}
	hashes, err := parseHashes(strings.Fields(string(list)))
	if err != nil {
		return "", err
	}
	err = tlog.CheckTree(tlog.TreeProof(hashes), after.N, after.Hash, before.N, before.Hash)
	return fmt.Sprintf("%d continues %d", after.N, before.N), err
}

// files reads the tiles of a log from its folder. Go puts the tiles' height into their path, C2SP leaves it out.
type files struct{ folder string }

func (files) Height() int                         { return 8 }
func (files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f files) path(tile tlog.Tile, kind string) string {
	path := strings.TrimPrefix(tile.Path(), "tile/8/")
	if kind != "" {
		path = kind + "/" + strings.TrimPrefix(path, "0/")
	}
	return f.folder + "/tile/" + path
}

func (f files) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		bytes, err := os.ReadFile(f.path(tile, ""))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// checkLog reads every hash through tiles that lead to the signed root, and compares each with its entry.
func checkLog(vkey, folder string) (string, error) {
	tree, err := openCheckpoint(vkey, mustRead(folder+"/checkpoint"))
	if err != nil {
		return "", err
	}
	reader := tlog.TileHashReader(tree, files{folder})
	for start := int64(0); start < tree.N; start += 256 {
		width := tree.N - start
		if width > 256 {
			width = 256
		}
		bundle := mustRead(files{folder}.path(tlog.Tile{H: 8, L: 0, N: start / 256, W: int(width)}, "entries"))
		for n := start; n < start+width; n++ {
			if len(bundle) < 2 || len(bundle)-2 < int(bundle[0])<<8+int(bundle[1]) {
				return "", fmt.Errorf("the bundle ends inside entry %d", n)
			}
			length := int(bundle[0])<<8 + int(bundle[1])
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
			if err != nil {
				return "", err
			}
			if hashes[0] != tlog.RecordHash(entry) {
				return "", fmt.Errorf("entry %d is not the leaf of the tree", n)
			}
		}
		if len(bundle) > 0 {
			return "", fmt.Errorf("the bundle goes on after its last entry")
		}
	}
	return fmt.Sprintf("%d entries", tree.N), nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) != tlog.HashSize {
			return nil, fmt.Errorf("not a hash: %q", line)
		}
		var hash tlog.Hash
		copy(hash[:], data)
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
