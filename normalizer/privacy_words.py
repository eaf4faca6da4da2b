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
    adik admin agama ajb ajudan alamat almarhum anggota ank aplikasi asn assalamualaikum ayah bapak
    beda belakang bkd bkn bkpsdm blt bpjs bpk bpkb bukankah bunda bup bupati camat cv danramil dear
    dekan demikian depan desa dewan dibawah dikatakan dinas direktur dirut disingkat dkp dkrth dlh
    dosen dpr dprd dukuh dusun email gang ganti gg gub gubernur guru hai hakim halo hp ibu imb
    indonesia jakarta jaksa jalan jenis jl jln jokowi kabid kabupaten kades kadis kadus kakak
    kandung kantor kapolda kapolres kapolri kapolsek kasi kec kecamatan kel kelamin keluar
    kelurahan kementerian kepada kepala kepsek ketua kk komite korban kota kpj ktp kua kurir lahir
    lain lengkap lulusan lurah magang mahasiswa makasih mama mantri masing masuk mengadu menteri
    meski mohon muncul nama negeri nidn nik nim nip nisn no nomor norek npwp opd orangtua ortu pa
    pak panggilan papa pasien paud pbb pdam pegawai pejabat pekerja pekerjaan pelapor pemegang
    pemerintah pemilik pemimpin pemkot pemohon pendaftar penerima pengadu pengurus penjaga penjual
    perkenalkan perusahaan peserta petugas pihak pimpinan pkk pln pns polisi presiden pribadi prof
    program provinsi psc pt rakyat rek rektor relawan rt rukun rw salah salam satpam satpol satupun
    sdn sdr sekalian sekda sekdes sekolah sekretaris selaku selamat semua seorang sertifikat sesuai
    shm si siswa siswi skpd sma sman smk smkn smp smpn sopir sppt staf staff status stnk supir
    surabaya swasta tanggal tdak telp tentara terang tercantum terdaftar terdata terima terimakasih
    tersangka tersebut tertera tertulis tgl tidak tni toko tolong trimakasih ttd tukang umkm umur
    usia wajib wakil wali walikota wapres warga yang yg yth""")
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
