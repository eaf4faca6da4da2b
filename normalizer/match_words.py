"""
What words weigh when two complaints are compared, and which of them stand for one another.

The lists are Indonesian and our own. A word on none of them is rare: a name, a place, a thing
seldom spoken of. Such words tell two complaints apart, and they tell that two are one.
"""

from functools import lru_cache

from rapidfuzz.distance import OSA

from normalizer.text import words

#: Weighs nothing: what people say around their complaint.
COURTESY = frozenset(
    words("""
    ? admin assalamualaikum bantu bantuan bantuannya bapak bpk bu dimohon ditindak
    ditindaklanjuti dong halo hormat ibu kak kasih kasihnya lanjut lanjuti makasih mas maturnuwun
    min mohon nuhun pagi pak perhatian perhatiannya permisi rt salam sekian selamat demikian siang
    sore suwun terima terimakasih thanks tindak tindakan tindaklanjuti tindaklanjutnya tlg tolong
    trims wassalam wassalamualaikum wb wr ya yth""")
) - {"rt"}
POLARITY = frozenset(
    words("belum bukan jangan kurang lebih nggak sudah tak tanpa telah tidak tiada gak ga")
)
LABELS = frozenset(
    words("""
    blok dusun gang gg jalur kav kavling kilometer km lt lantai no nomor nomer rt rw sd sdn sma
    smk smp tahap tps""")
)
# A word behind one of these is most likely a name: another name is another place.
PLACE_CUES = frozenset(
    words("""
    banjar blok desa di dukuh dusun gang gg jalan jl jembatan jorong kabupaten kampung kecamatan
    kelurahan komplek kompleks kota lingkungan nagari pasar perumahan perum provinsi raya rusun
    simpang sungai taman terminal""")
)
#: How much or how long: another of them is another number.
UNITS = frozenset(
    words("detik menit jam hari minggu bulan tahun meter kilometer orang kk unit titik")
)
#: Weighs little: it stands in every text.
FUNCTION = POLARITY | frozenset(
    words("""
    ada adalah adanya agar akan akibat aku anda antara apa apakah apalagi atas atau bagaimana bagi
    bahkan bahwa banyak beberapa begitu berada berapa bila bisa boleh buat cuma dan dapat dari
    dari daripada dekat demi dengan depan di dia diri dll dulu hal hanya harap harus hari hingga
    ini itu jadi jam jika juga kalau kalo kami kan kapan karena ke kembali kemarin kepada
    kenapa ketika khususnya kira kita kok lagi lain lalu lama langsung maka makin malah masih mau
    melalui memang mengapa menjadi mereka merupakan meski mungkin nah namun nanti nya oleh pada
    padahal paling para per perlu pernah pun saat saja saling sama sambil sampai sangat saya
    sebab sebagai sebelum sebelumnya sebuah secara sedang segera sehingga sejak sekali sekarang
    sekitar selalu selama seluruh semua semoga sendiri seperti sering serta sesuai setelah setiap
    siapa situ suatu supaya tapi tentang tentu terhadap terkait terlalu tersebut tetap tetapi tiap
    untuk waktu walau yaitu yakni yang
    a an and are at be for in is it of on or that the this to was we with""")
)
#: Weighs some: what complaints are about everywhere.
COMMON = frozenset(
    words("""
    aduan air alamat ambulans anak anggaran angin angkut angkutan antre antrean aplikasi arah
    aspal aspirasi atap bahaya baik balai bangunan banjir bansos bapak barang baru batas bau
    bayar bayi becek belakang benar berantakan berbahaya berdiri berjalan berkas berlubang
    bersih bersihkan besar biaya bocor bpjs buang bulan buruk cek cepat dalam dalamnya dampak
    data debu desa dikhawatirkan dilakukan dinas dipasang diperbaiki diperhatikan dipotong
    ditangani ditindaklanjut ditutup dokter drainase dtks erat fasilitas foto galian gang ganggu
    gangguan gedung gelap genangan gerobak gorong got gratis guru habis hamil harga hidup hilang
    hujan info informasi ingin iuran izin jalan jaringan jatuh jelek jembatan jual kabel
    kabupaten kali kampung kanan kantor kartu keamanan kebakaran kebersihan kecamatan kecelakaan
    kecil keluar keluarga keluhan kelurahan kemacetan kendaraan kepala kering keruh kerusakan
    kesehatan ketua khawatir kiri kk kondisi kota kotor ktp lahan lahir lalin lampu lansia lapor
    laporan laporkan layanan lebar lewat liar limbah lingkungan listrik lokasi lubang lurah
    macet malam masalah masuk mati melapor melaporkan meluap membahayakan memperbaiki mengalir
    mengganggu meninggal menumpuk menyala menyampaikan meter minggu minta miskin mobil motor
    musim nama nik nomor normal nyala obat orang padam pagar pajak parah parit parkir pasang
    pasar pasien paving pedagang pelayanan pemangkasan pembangunan pembersihan pemeliharaan
    pemerintah pemkab pemkot pemohon pemotongan penanganan pencuri pendaftaran penerangan
    pengaduan pengaspalan pengemudi pengendara penggalian pengguna penumpang penyakit perbaikan
    perempatan permasalahan permohonan persoalan pertigaan perumahan petugas pihak pinggir pipa
    pjl pju pohon polisi posyandu program proyek puskesmas ramai rawan resah retak roboh rubuh
    rumah rusak sakit saluran sampah sampaikan samping satu sebelah sekolah selokan sempit
    sepeda setempat siswa sosial sungai surat tahun taman tanah tanggapan tebang tenaga tepat
    tepi terdaftar terganggu terjadi terputus tersumbat tiang tinggal tinggi titik toko tokoh
    trotoar truk tumbang tumpukan tutup uang udara ujung ukur umum urus usaha utama wali warga
    wilayah""")
)
NUMBERS = {
    "satu": "1",
    "dua": "2",
    "tiga": "3",
    "empat": "4",
    "lima": "5",
    "enam": "6",
    "tujuh": "7",
    "delapan": "8",
    "sembilan": "9",
    "sepuluh": "10",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "xi": "11",
    "xii": "12",
}
_FEWEST_LETTERS = 4
_FEWEST_CONSONANTS = 3
_LONG_WORD = 8
# Letters by which a word and what stands for it may differ in length: "bgt", "banget".
_MOST_LETTERS = 3
_NAME_LETTERS = 6

RARE, SOME = 1.0, 0.5
_LITTLE, _NUMBER = 0.2, 1.3
_VOWELS = str.maketrans("", "", "aeiou")


@lru_cache(maxsize=16_384)
def weight(word: str) -> float:
    """How much it says that two texts share a word, from 0.2 to 1.3."""
    if word in FUNCTION:
        return _LITTLE
    if word in COMMON:
        return SOME
    return _NUMBER if numbered(word) else RARE


def numbered(word: str) -> bool:
    """Whether there is a number in a word."""
    return not word.isalpha() and any(map(str.isdigit, word))


def misspelled(one: str, other: str, *, name: bool = False) -> bool:
    """
    Whether two words are one word, typed badly; numbers are never that, nor "belum" and "sudah".

    A name with another letter is another name; one with a letter too many or two swapped is not.
    """
    if abs(len(one) - len(other)) > _MOST_LETTERS:
        return False
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    if (one in POLARITY and other in POLARITY) or numbered(one) or numbered(other):
        return False
    if len(shorter) >= _FEWEST_CONSONANTS and shorter == longer.translate(_VOWELS):
        return True  # "rsk" is "rusak"
    if len(shorter) < _FEWEST_LETTERS - 1 or len(longer) < _FEWEST_LETTERS:
        return False
    if name and weight(one) >= RARE and weight(other) >= RARE:
        swapped = sorted(one) == sorted(other)
        other_length = len(shorter) != len(longer)
        return len(longer) >= _NAME_LETTERS and (swapped or other_length) and _near(one, other, 1)
    return _near(one, other, 2 if len(shorter) >= _LONG_WORD - 1 else 1)


def _near(one: str, other: str, most: int) -> bool:
    return OSA.distance(one, other, score_cutoff=most) <= most
