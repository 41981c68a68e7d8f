"""How large what is read may be, checked before it is read: a stranger's file must not eat memory or time.

Each limit lies far above what the work needs and far below what a machine of 8 GiB bears.
"""

#: bytes of a YAML file; the largest benchmark of the suite has 5 kB, and PyYAML reads about 200 kB a second
YAML_BYTES = 2**20
#: values of a YAML or JSON file once its aliases are written out: ten lines of aliases can stand for 10^9 values
VALUES = 200_000
#: levels of lists and mappings inside one another; the suite's own files have five, Python's recursion ends near 1000
DEPTH = 50
#: bytes of a JSON file; the largest split of the suite has 0.15 MB
JSON_BYTES = 64 * 2**20
#: digits of a whole number: more do not fit into 64 bits, and thousands of them take minutes to convert
DIGITS = 18
#: bytes of a table; the published table of 22 million couplings would have 1 GB
TABLE_BYTES = 2 * 2**30
#: bytes of a file of structures; 100 000 clusters of 80 atoms have 0.4 GB
FRAMES_BYTES = 2**30
#: atoms of one structure; a cluster of 10 Å radius has 150, and models keep arrays of atoms × neighbours
ATOMS = 100_000
#: bytes that the arrays of an ``.npz`` file may take in memory (zip packs zeros a thousandfold); of the suite's: 20 MB
ARRAYS_BYTES = 4 * 2**30
#: arrays in an ``.npz`` file
ARRAYS = 10_000
#: sites of a host crystal; distances between all of them are checked
SITES = 2_000
#: host atoms that are looked through for the ones of a cluster; 100 Å of bismuth telluride have 180 000
CLUSTER_ATOMS = 2_000_000
#: Å and Å³: less is a slip of units (nm, or lengths in units of alat). The H₂ bond has 0.74 Å, diamond 5.7 Å³ an atom
SHORTEST, SMALLEST = 0.7, 2.0
#: Å; beyond it a displacement is no neighbour, and a cluster no cluster
FARTHEST, RADIUS = 1e3, 50.0
#: Å: a lattice vector longer than this is one too
LONGEST = 10_000.0
#: Bohr: radius of an atom's cell (r_ws); that of caesium is 5.6
CELL_BOHR = 50.0
