"""Words that announce something private, and words that are no names."""

from normalizer.language_words import WORDS
from normalizer.text import words

#: One of these stands before a name.
NAME_CUES = frozenset(words("nama an n bernama perkenalkan kenalkan hormat"))

#: Titles written short, perhaps with a full stop.
SHORT_TITLES = frozenset(words("bpk bp sdr sdri tn ny alm hj"))

#: One of these stands before a name written with a capital.
TITLES = SHORT_TITLES | frozenset(
    words("""
    bapak pak ibu bu saudara saudari mas mbak mba almarhum almarhumah ustad ustadz kyai""")
)

#: Who is called by an office is not named, and a form goes on with its next field.
NOT_NAMES = frozenset(
    words("""
    admin ajudan anggota bapak bpk bupati camat danramil dekan dewan direktur dinas dirut dosen dpr
    dprd dukuh gubernur guru hakim ibu jaksa jokowi kabid kabupaten kades kadis kadus kantor kapolda
    kapolres kapolri kapolsek kasi kec kecamatan kel kelurahan kementerian kepala kepsek ketua kota
    lurah mantri menteri pa pak pekerja pemerintah pemimpin pemkot pejabat pegawai penjaga penjual
    petugas pihak pimpinan polisi presiden prof rakyat rektor rt rukun rw satpam satpol sekalian
    sekdes sekda sekretaris staf supir sopir tentara tni tolong tukang wakil wali walikota warga
    wapres yang yth yg jalan jl jln gang gg desa dusun nik no nomor hp telp alamat email umur usia
    tanggal tgl lahir ktp kk bpjs negeri swasta provinsi sekolah nama perusahaan pt cv toko surabaya
    jakarta indonesia assalamualaikum selamat terima salam mohon kepada dear hai halo aplikasi
    sesuai terdaftar tersebut pemilik pelapor tidak jenis kelamin pekerjaan agama status program
    terimakasih trimakasih makasih staff staf ttd gub bup rek norek kpj demikian mengadu tertera
    satupun seorang belakang depan terang panggilan pasien pemohon pengadu siswa siswi orangtua ortu
    perkenalkan bukankah meski komite semua masing selaku beda salah ganti lain tersangka penerima
    pendaftar peserta pkk pln pdam pns asn kua opd skpd paud sdn smp smpn
    sma sman smk smkn umkm psc dlh dkp dkrth blt bpkb stnk pbb shm ajb imb npwp sppt bkpsdm bkd bkn
    papa mama kakak adik ayah bunda si sdr keluar masuk muncul terdata dikatakan wajib pemegang
    sertifikat almarhum tdak tertulis tercantum mahasiswa pengurus relawan magang lengkap kurir dibawah
    pribadi kandung disingkat ank korban lulusan""")
) | frozenset(words(WORDS["id"]))

#: One of these stands before a home address.
HOMES = frozenset(words("alamat alamatnya rumah tinggal domisili berdomisili beralamat almt"))

ILLNESSES = frozenset(
    words("""
    kanker tumor stroke hiv aids tbc tb diabetes jantung ginjal hemodialisa kemoterapi kemo hernia
    epilepsi skizofrenia odgj depresi autis autisme lumpuh difabel disabilitas tunarungu tunanetra
    hamil keguguran melahirkan caesar sesar covid hepatitis asma opname kusta stunting
    thalasemia talasemia leukemia lupus dbd tipus tifus rawat kritis koma demensia pikun katarak""")
)

CHILDREN = frozenset(
    words("anak ank anakku putra putri bayi balita cucu keponakan adik adek siswa siswi murid")
)
